# SPDX-License-Identifier: MIT
"""The guest's addresses: page tables walked from CR3, and reads through them.

Tables may be nonsense: each is looked at once per place that leads to it, and the walk ends
with an error when it has seen more tables than the dump has pages, or more mappings than any
sane guest makes of them.
"""

import struct
from bisect import bisect_right
from typing import Iterator, NamedTuple

from . import CoreError
from .dump import PAGE_SIZE, Dump

ENTRIES = struct.Struct("<512Q")
PRESENT, WRITABLE, LARGE, NO_EXECUTE = 1, 2, 1 << 7, 1 << 63
FRAME = 0x000ffffffffff000
XEN_SLOTS = range(256, 272)     # of a PV guest's top table: Xen's own
MAPPINGS_PER_PAGE = 16          # a page may be mapped at several addresses
TABLES_EXTRA = 64


class Segment(NamedTuple):
    """Addresses [start, start + size), which the dump has from page `number` on."""
    start: int
    size: int
    number: int
    flags: int                  # of an ELF segment: 4 read, 2 write, 1 execute


class Memory:
    def __init__(self, dump: Dump, root: int) -> None:
        """root: the address that CR3 holds."""
        self.dump = dump
        self.tables = 0
        self.mapped = 0
        self.segments = list(self._join(self._walk(root >> 12 & FRAME >> 12, 4, 0, 7)))
        self.starts = [segment.start for segment in self.segments]

    def _walk(self, frame: int, level: int, base: int, flags: int
              ) -> Iterator[tuple[int, int, int]]:
        """(address, page number, flags) of each mapped page that the dump has."""
        table = self.dump.page(frame)
        if table is None:
            return
        self.tables += 1
        if self.tables > self.dump.count + TABLES_EXTRA:
            raise CoreError(f"{self.dump.elf.name}: the page tables lead round in circles")
        for index, entry in enumerate(ENTRIES.unpack(table)):
            if not entry & PRESENT or (level == 4 and self.dump.is_pv and index in XEN_SLOTS):
                continue
            address = base + (index << (12 + 9 * (level - 1)))
            if level == 4 and index >= 256:
                address |= 0xffff << 48
            allowed = flags & (7 if entry & WRITABLE else 5) & (6 if entry & NO_EXECUTE else 7)
            if level == 1 or (entry & LARGE and level < 4):
                yield from self._leaf(entry, level, address, allowed)
            else:
                yield from self._walk((entry & FRAME) >> 12, level - 1, address, allowed)

    def _leaf(self, entry: int, level: int, address: int, flags: int
              ) -> Iterator[tuple[int, int, int]]:
        count = 1 << 9 * (level - 1)
        first = ((entry & FRAME) >> 12) & ~(count - 1)
        for step, number in self._present(first, count):
            self.mapped += 1
            if self.mapped > MAPPINGS_PER_PAGE * self.dump.count:
                raise CoreError(f"{self.dump.elf.name}: the page tables map far more than there is")
            yield address + step * PAGE_SIZE, number, flags

    def _present(self, first: int, count: int) -> Iterator[tuple[int, int]]:
        """Those of a large page's frames that the dump has."""
        pages = self.dump.pages
        if count > len(pages):      # a GiB page, or a small dump
            found = sorted(frame for frame in pages if first <= frame < first + count)
        else:
            found = [frame for frame in range(first, first + count) if frame in pages]
        for frame in found:
            yield frame - first, pages[frame]

    @staticmethod
    def _join(pages: Iterator[tuple[int, int, int]]) -> Iterator[Segment]:
        start = size = number = flags = 0
        for address, page, allowed in pages:
            if (size and address == start + size and allowed == flags
                    and page == number + size // PAGE_SIZE):
                size += PAGE_SIZE
                continue
            if size:
                yield Segment(start, size, number, flags)
            start, size, number, flags = address, PAGE_SIZE, page, allowed
        if size:
            yield Segment(start, size, number, flags)

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes at an address of the guest, or None when they are not all there."""
        data = b""
        while size > 0:
            place = bisect_right(self.starts, address) - 1
            if place < 0:
                return None
            segment = self.segments[place]
            offset = address - segment.start
            part = min(size, segment.size - offset)
            if part <= 0:
                return None
            position = self.dump.offset + segment.number * PAGE_SIZE + offset
            data += self.dump.elf.read(position, part, "a page")
            address += part
            size -= part
        return data

    def word(self, address: int) -> int | None:
        """Eight bytes as a number."""
        data = self.read(address, 8)
        return None if data is None else struct.unpack("<Q", data)[0]

    def text(self, address: int, longest: int = 64) -> str:
        """A string; "?" when there is none."""
        found = b""
        while len(found) < longest:
            byte = self.read(address + len(found), 1)
            if byte is None:
                return "?"
            if byte == b"\0":
                break
            found += byte
        return "".join(chr(c) if 32 <= c < 127 else "?" for c in found)
