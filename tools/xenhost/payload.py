# SPDX-License-Identifier: MIT
"""The payload disk: files that go into a resumed host, as tar archives on a raw disk.

The disk's size is part of the kept state (dom0 has seen it), so it is always the same
large sparse file.  It may hold several archives, each at a multiple of 1 MiB, so that a
host which runs many tests unpacks only what the next one needs.
"""

import os
import tarfile
from pathlib import Path
from typing import Sequence

from .state import PAYLOAD_SIZE
from .ui import HostError

UNIT = 1 << 20                      # alignment of an archive

Entry = tuple[Path, str]            # a file or folder here, its name in the archive


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def write(disk: Path, archives: Sequence[Sequence[Entry]]) -> list[int]:
    """Write the disk; returns each archive's place, in units of 1 MiB."""
    places = []
    with open(disk, "wb") as stream:
        for entries in archives:
            place = -(-stream.tell() // UNIT)
            stream.seek(place * UNIT)
            places.append(place)
            with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive:
                for source, name in entries:
                    if not source.exists():
                        raise HostError(f"{source} does not exist: build it first")
                    archive.add(source, name, filter=_plain)
        if stream.tell() > PAYLOAD_SIZE:
            raise HostError(f"the payload is larger than {PAYLOAD_SIZE >> 30} GiB")
    os.truncate(disk, PAYLOAD_SIZE)
    return places


def unpack_script(place: int, folder: str) -> str:
    """Shell text that unpacks the archive at a place into a folder of dom0."""
    return (f"mkdir -p {folder} && dd if=/dev/vdb bs=1M skip={place} status=none 2>/dev/null "
            f"| tar -x -C {folder} -f -\n")
