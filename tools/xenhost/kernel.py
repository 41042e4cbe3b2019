# SPDX-License-Identifier: MIT
"""The ELF inside a Linux bzImage: a guest made from it starts sooner, since xl need not unpack it."""

import lzma
import struct
from pathlib import Path

from .ui import HostError


def expand(bzimage: Path, target: Path) -> None:
    """Take the ELF out: the boot protocol's header tells where it lies."""
    data = bzimage.read_bytes()
    offset, length = struct.unpack_from("<II", data, 0x248)
    start = (data[0x1F1] + 1) * 512 + offset
    if data[start:start + 6] != b"\xfd7zXZ\0":
        raise HostError(f"{bzimage.name} is not compressed with xz: kernel.py must learn how")
    target.write_bytes(lzma.LZMADecompressor().decompress(data[start:start + length]))
