# SPDX-License-Identifier: MIT
"""Xen's core of a domain (docs/misc/dump-core-format.txt in Xen's tree).

`.xen_pages` holds the guest's pages. `.xen_pfn` (guests that Xen translates: PVH) gives the
frame number of each; `.xen_p2m` (PV) gives pairs of pseudo-physical and machine frame number.
Page tables speak of machine frames in a PV guest and of guest frames otherwise; that kind of
frame is what `pages` is keyed by. `.xen_prstatus` holds a vcpu_guest_context for each vCPU.
"""

import struct
from array import array
from typing import BinaryIO

from . import CoreError
from .elf import ET_CORE, ElfFile

PAGE_SIZE = 4096
NO_FRAME = 0xffffffffffffffff
CONTEXT_SIZE = 5168             # of vcpu_guest_context, x86-64
REGISTERS = 520                 # offsets in it: the general registers (cpu_user_regs),
CONTROL_3 = 5008                # control register 3
REGISTER_NAMES = ("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx",
                  "rdx", "rsi", "rdi", "", "rip", "cs", "rflags", "rsp", "ss")


class Dump:
    """pages: frame -> number of the page in the file; context: vCPU 0's registers."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.elf = ElfFile(stream, name, ET_CORE)
        if ".xen_pages" not in self.elf.sections:
            raise CoreError(f"{name}: a core, but not one that Xen wrote (no .xen_pages)")
        section = self.elf.section(".xen_pages")
        if section.entry_size not in (0, PAGE_SIZE) or section.size % PAGE_SIZE:
            raise CoreError(f"{name}: .xen_pages has no pages of {PAGE_SIZE} bytes")
        self.elf.read(section.offset + max(section.size - 1, 0), min(section.size, 1), ".xen_pages")
        self.offset = section.offset
        self.count = section.size // PAGE_SIZE
        self.is_pv = ".xen_p2m" in self.elf.sections
        self.pages = self._read_frames()
        self._read_context()

    def _read_frames(self) -> dict[int, int]:
        frames = array("Q")
        frames.frombytes(self.elf.content(".xen_p2m" if self.is_pv else ".xen_pfn"))
        if self.is_pv:
            frames = frames[1::2]
        if len(frames) != self.count:
            raise CoreError(f"{self.elf.name}: {len(frames)} frame numbers for {self.count} pages")
        return {frame: number for number, frame in enumerate(frames) if frame != NO_FRAME}

    def _read_context(self) -> None:
        contexts = self.elf.content(".xen_prstatus")
        if not contexts or len(contexts) % CONTEXT_SIZE:
            raise CoreError(f"{self.elf.name}: .xen_prstatus holds no x86-64 vCPU")
        values = struct.unpack_from("<21Q", contexts, REGISTERS)
        self.context = {name: value for name, value in zip(REGISTER_NAMES, values) if name}
        for selector in ("cs", "ss"):
            self.context[selector] &= 0xffff
        self.cr3 = struct.unpack_from("<Q", contexts, CONTROL_3)[0]

    def page(self, frame: int) -> bytes | None:
        """A page's bytes, or None when the dump does not have it."""
        number = self.pages.get(frame)
        if number is None:
            return None
        return self.elf.read(self.offset + number * PAGE_SIZE, PAGE_SIZE, f"page {number}")
