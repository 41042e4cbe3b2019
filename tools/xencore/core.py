# SPDX-License-Identifier: MIT
"""Writes the core that gdb opens: the layout of Linux' cores, since that is what every gdb for
x86-64 reads. Pages are written once, however many addresses they are mapped at."""

import os
import struct
from typing import BinaryIO

from . import CoreError
from .dump import PAGE_SIZE, Dump
from .elf import EM_X86_64, ET_CORE, HEADER
from .memory import Segment
from .threads import Thread

PROGRAM = struct.Struct("<IIQQQQQQ")
PT_LOAD, PT_NOTE = 1, 4
NT_PRSTATUS, NT_PRPSINFO = 1, 3
SEGMENTS_MAX = 65000                # what an ELF header can count
CHUNK = 256                         # pages copied at a time
USER_REGISTERS = ("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx",
                  "rdx", "rsi", "rdi", "orig_rax", "rip", "cs", "rflags", "rsp", "ss", "fs_base",
                  "gs_base", "ds", "es", "fs", "gs")


def _note(kind: int, content: bytes) -> bytes:
    return struct.pack("<III8s", 5, len(content), kind, b"CORE") + content


def _status(number: int, thread: Thread, signal: int) -> bytes:
    """A struct elf_prstatus: the signal that ended it all, thread number, registers."""
    registers = [thread.registers.get(name, 0) for name in USER_REGISTERS]
    return struct.pack("<3ih2xQQ4i64x27Qi4x", signal, 0, 0, signal, 0, 0, number, 0, 1, 1,
                       *registers, 0)


def _process(name: str) -> bytes:
    """A struct elf_prpsinfo: what the core was made by, which gdb compares with the file's name."""
    text = name.encode("ascii", "replace")
    return struct.pack("<4b4xQII4i16s80s", 0, 82, 0, 0, 0, 0, 0, 1, 0, 1, 1, text[:15], text[:79])


def _zero_skipping(out: BinaryIO, data: bytes) -> None:
    for place in range(0, len(data), PAGE_SIZE):
        page = data[place:place + PAGE_SIZE]
        if page.count(0) == len(page):
            out.seek(len(page), os.SEEK_CUR)
        else:
            out.write(page)


def write(out: BinaryIO, dump: Dump, segments: list[Segment], threads: list[Thread],
          name: str) -> None:
    if len(segments) > SEGMENTS_MAX:
        raise CoreError(f"{dump.elf.name}: {len(segments)} pieces of memory, too many for an ELF core")
    notes = _note(NT_PRPSINFO, _process(name))
    for number, thread in enumerate(threads, 1):
        notes += _note(NT_PRSTATUS, _status(number, thread, threads[0].signal))
    notes_at = HEADER.size + (1 + len(segments)) * PROGRAM.size
    pages_at = -(-(notes_at + len(notes)) // PAGE_SIZE) * PAGE_SIZE
    out.write(HEADER.pack(b"\x7fELF\x02\x01\x01", ET_CORE, EM_X86_64, 1, 0, HEADER.size, 0, 0,
                          HEADER.size, PROGRAM.size, 1 + len(segments), 0, 0, 0))
    out.write(PROGRAM.pack(PT_NOTE, 0, notes_at, 0, 0, len(notes), 0, 4))
    for segment in segments:
        out.write(PROGRAM.pack(PT_LOAD, segment.flags, pages_at + segment.number * PAGE_SIZE,
                               segment.start, 0, segment.size, segment.size, PAGE_SIZE))
    out.write(notes)
    out.seek(pages_at)
    for first in range(0, dump.count, CHUNK):
        count = min(CHUNK, dump.count - first)
        _zero_skipping(out, dump.elf.read(dump.offset + first * PAGE_SIZE, count * PAGE_SIZE,
                                          ".xen_pages"))
    out.truncate(pages_at + dump.count * PAGE_SIZE)
