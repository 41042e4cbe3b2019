# SPDX-License-Identifier: MIT
"""A Xen host that counts instructions, and the measuring program in its dom0."""

import json
import shlex
from pathlib import Path
from typing import Sequence

from xenhost import Host, HostError

from .linux import ADDRESS, MAC

PROGRAM = Path(__file__).resolve().parent / "dom0" / "measure"
WALL_SECONDS = 400                  # of this machine, bound of one measurement
DISK_MIB = 256
FILE = "/payload/disk"              # behind a loop device
DISKS = {"xvda": "memory", "xvdb": "loop"}

# A guest's address is known beforehand, so that no lost ARP request (repeated after a second)
# decides when the first answer comes. The disks are memory, filled, so that reads do not end in a
# hole: one as it is, one as a file.
SET_UP = f"""
ip neigh replace {ADDRESS} lladdr {MAC} dev xenbr0 nud permanent
rmmod brd && modprobe brd rd_nr=1 rd_size={DISK_MIB << 10} && \
    dd if=/dev/zero bs=1M count={DISK_MIB} 2>/dev/null | tr '\\0' 'x' | \
    dd of=/dev/ram0 bs=1M iflag=fullblock oflag=direct status=none && \
    dd if=/dev/ram0 of={FILE} bs=1M iflag=direct status=none
"""


class Session:
    """Measurements on one host; each returns what dom0/measure printed."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.host = Host(icount=True, payload=[*files, PROGRAM])
        status, output = self.host.sh(SET_UP, WALL_SECONDS)
        if status != 0:
            self.host.close()
            raise HostError(f"dom0 could not be set up: {output.strip()[-200:]}")

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, kind, error, trace) -> None:
        self.host.close()

    def measure(self, *words: object) -> dict:
        """One command of dom0/measure. A guest that does not do its part gives {"error": ...}."""
        line = " ".join(shlex.quote(str(word)) for word in ("./measure", *words))
        status, output = self.host.sh(line, WALL_SECONDS)
        try:
            return json.loads(output.splitlines()[-1])
        except (ValueError, IndexError):
            return {"error": f"measure {words[0]}, status {status}: {output.strip()[-300:]}"}

    def add_loop(self, name: str) -> None:
        """Give a guest the file as its second disk."""
        self.host.sh(f"xl block-attach {name} format=raw,vdev=xvdb,access=rw,target={FILE}; "
                     "sleep 0.5", 60)

    def shrink_disks(self) -> None:
        """Give dom0 the disks' memory back: the file of a saved Linux is larger than one of them."""
        self.host.sh(f"rm -f {FILE}; rmmod brd && modprobe brd rd_nr=1 rd_size=1024", 60)

    def destroy(self, name: str) -> None:
        """Remove a guest, and wait until its devices are gone."""
        self.host.sh(f"xl destroy {name}; for i in $(seq 50); do "
                     "xenstore-list /local/domain/0/backend/vif 2>/dev/null | grep -q . || break; "
                     "sleep 0.1; done", 60)
