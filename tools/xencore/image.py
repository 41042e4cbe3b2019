# SPDX-License-Identifier: MIT
"""IMAGE.elf.debug: its symbols, and the text that the guest must have had."""

import struct
from typing import BinaryIO

from . import CoreError
from .elf import ET_EXEC, ElfFile

SYMBOL = struct.Struct("<IBBHQQ")
GLOBAL = 1


class Image:
    """symbols: name -> value, of global symbols."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.elf = ElfFile(stream, name, ET_EXEC)
        if ".symtab" not in self.elf.sections:
            raise CoreError(f"{name}: no symbols; take build/out/APP.elf.debug")
        self.symbols = self._read_symbols()

    def _read_symbols(self) -> dict[str, int]:
        table = self.elf.content(".symtab")
        names = self.elf.content(".strtab")
        symbols = {}
        for name, info, _, _, value, _ in SYMBOL.iter_unpack(table[:len(table) // 24 * 24]):
            if info >> 4 == GLOBAL and name < len(names):
                symbols[names[name:names.index(b"\0", name)].decode("ascii", "replace")] = value
        return symbols

    def text(self) -> tuple[int, bytes]:
        """Address and bytes of the text."""
        return self.elf.section(".text").address, self.elf.content(".text")

    def layout(self, member: str) -> int | None:
        """A member's offset ("thread.name"), as include/lib/base/layout.h leaves it."""
        return self.symbols.get(f"layout.{member}")
