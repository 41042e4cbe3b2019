# SPDX-License-Identifier: MIT
"""xencore DUMP IMAGE.elf.debug [-o CORE]: make a core for gdb out of one that Xen wrote.

DUMP comes from `xl dump-core DOMAIN DUMP` or from on_crash="coredump-restart" (then it lies in
/var/lib/xen/dump). The result is DUMP.gdb unless -o names another:

    gdb -x tools/gdb/xenolith.py IMAGE.elf.debug DUMP.gdb
"""

import argparse
import os
import sys
from pathlib import Path

from . import CoreError
from .core import write
from .dump import Dump
from .image import Image
from .memory import Memory
from .threads import find

DIFFERENT_BYTES = 64                # of text that breakpoints may have changed


def _say(text: str) -> None:
    print(f"xencore: {text}", file=sys.stderr)


def _check_same(image: Image, memory: Memory) -> None:
    """The image must be the one that ran."""
    address, wanted = image.text()
    found = memory.read(address, len(wanted))
    if found is None:
        raise CoreError(f"{memory.dump.elf.name}: nothing is mapped where {image.elf.name} "
                        "has its text")
    if sum(a != b for a, b in zip(wanted, found)) > DIFFERENT_BYTES:
        raise CoreError(f"{image.elf.name} is not the image that ran in {memory.dump.elf.name}")


def _convert(options: argparse.Namespace) -> None:
    with open(options.dump, "rb") as stream, open(options.image, "rb") as symbols:
        dump = Dump(stream, str(options.dump))
        image = Image(symbols, str(options.image))
        memory = Memory(dump, dump.cr3 or image.symbols.get("boot_level4", 0))
        _check_same(image, memory)
        threads = find(dump, image, memory, _say)
        target = options.output or Path(f"{options.dump}.gdb")
        part = target.with_name(target.name + ".part")
        try:
            with open(part, "wb") as out:
                write(out, dump, memory.segments, threads, options.image.name)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
    names = ", ".join(f"{number} {thread.name}" for number, thread in enumerate(threads, 1))
    print(f"{target}: {dump.count} pages, threads: {names}")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="xencore", description="Make a core for gdb out of one "
                                     "that Xen wrote (xl dump-core, on_crash=coredump-...).")
    parser.add_argument("dump", type=Path, help="what Xen wrote")
    parser.add_argument("image", type=Path, help="IMAGE.elf.debug, with its symbols")
    parser.add_argument("-o", dest="output", type=Path, help="the result (DUMP.gdb)")
    try:
        _convert(parser.parse_args(arguments))
    except (CoreError, OSError) as error:
        _say(str(error))
        return 1
    return 0
