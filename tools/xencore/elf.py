# SPDX-License-Identifier: MIT
"""The part of ELF that Xen's cores and our images have in common: headers and sections.

Everything in a file may be wrong: each offset and size is checked against the file before it
is used, and nothing is read that is larger than the file.
"""

import os
import struct
from typing import BinaryIO, NamedTuple

from . import CoreError

ET_EXEC, ET_CORE = 2, 4
EM_X86_64 = 62
SHT_NOBITS = 8
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SECTIONS_MAX = 4096


class Section(NamedTuple):
    name: str
    type: int
    address: int
    offset: int
    size: int
    link: int
    entry_size: int


class ElfFile:
    """A 64-bit little-endian ELF file for x86-64; `kind` is the type that it must have."""

    def __init__(self, stream: BinaryIO, name: str, kind: int) -> None:
        self.name = name
        self.stream = stream
        self.size = os.fstat(stream.fileno()).st_size
        head = stream.read(HEADER.size)
        if len(head) < HEADER.size or head[:4] != b"\x7fELF":
            raise CoreError(f"{name}: no ELF file")
        (ident, self.type, machine, _, _, self.phoff, self.shoff, _, _, self.phentsize,
         self.phnum, shentsize, shnum, shstrndx) = HEADER.unpack(head)
        if ident[4:6] != b"\x02\x01" or machine != EM_X86_64:
            raise CoreError(f"{name}: not for x86-64 (64 bits, little-endian)")
        if self.type != kind:
            raise CoreError(f"{name}: ELF type {self.type}, expected {kind} "
                            f"({'a core' if kind == ET_CORE else 'an image'})")
        if shentsize != SECTION.size or shnum > SECTIONS_MAX or shstrndx >= max(shnum, 1):
            raise CoreError(f"{name}: no usable section headers")
        self.sections = self._read_sections(shnum, shstrndx)

    def read(self, offset: int, size: int, what: str) -> bytes:
        """Bytes of the file, all of them."""
        if size < 0 or offset < 0 or offset + size > self.size:
            raise CoreError(f"{self.name}: truncated: {what} would end at {offset + size:#x}, "
                            f"the file ends at {self.size:#x}")
        data = os.pread(self.stream.fileno(), size, offset)
        if len(data) != size:
            raise CoreError(f"{self.name}: cannot read {what}")
        return data

    def _read_sections(self, count: int, names_index: int) -> dict[str, Section]:
        table = self.read(self.shoff, count * SECTION.size, "the table of sections")
        raw = list(SECTION.iter_unpack(table))
        names = b""
        if raw:
            names = self.read(raw[names_index][4], raw[names_index][5], "the sections' names")
        sections = {}
        for name, kind, _, address, offset, size, link, _, _, entry_size in raw:
            text = names[name:name + 64].partition(b"\0")[0].decode("ascii", "replace")
            sections[text] = Section(text, kind, address, offset, size, link, entry_size)
        self.order = [names[s[0]:s[0] + 64].partition(b"\0")[0].decode("ascii", "replace")
                      for s in raw]
        return sections

    def content(self, name: str) -> bytes:
        """A section's bytes; an error when there is no such section."""
        section = self.section(name)
        return self.read(section.offset, section.size, name)

    def section(self, name: str) -> Section:
        if name not in self.sections:
            raise CoreError(f"{self.name}: no section {name}")
        return self.sections[name]
