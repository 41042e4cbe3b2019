# SPDX-License-Identifier: MIT
"""The kept booted machine state: booted once, resumed for each use.

    states/KEY/ram       the machine's memory, a sparse file
    states/KEY/devices   everything else, QEMU's migration stream

While the state is made, memory is a shared mapping of `ram`, and the migration stream
leaves shared memory out; so saving costs nothing beyond what dom0 touched.  A resumed
QEMU maps the same file privately: pages are read when used and copied when written, the
file stays as it is, and any number of hosts share it.  dom0's disk is read-only.

KEY covers all that the state depends on: QEMU's version and arguments, and the hashes of
Xen, kernel, initrd and root disk.  Of each suite and kind of machine one state
is kept: folders of its other keys are removed.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from .executor import Executor
from .paths import IMAGE, STATES
from .prepare import locked, manifest, prepare
from .qemu import Machine, Qemu, machine_arguments, version
from .ui import HostError, say, scratch_folder, step

BOOT_SECONDS = 180                  # bound of a boot; about 20 s are usual
FORMAT = 2                          # of the state folder
NOISE = re.compile(r"HVM\s?(d?\d+(v\d+)? )?(save|restore)")
PAYLOAD_SIZE = 16 << 30             # of the payload disk, which is sparse


def key(machine: Machine) -> str:
    """Where the image lies does not count: several trees may share what is under build/host."""
    arguments = [word.replace(str(IMAGE), "") for word in machine_arguments(machine)]
    depends = [FORMAT, version(), arguments, manifest().get("sha256")]
    digest = hashlib.sha256(json.dumps(depends).encode()).hexdigest()
    return f"{machine.name}-{digest[:16]}"


@contextmanager
def ensured(machine: Machine) -> Iterator[Path]:
    """The folder of the state that fits, made first if there is none.

    While the caller is inside, neither the state nor the image it belongs to is replaced.
    """
    version()                       # QEMU's absence is said before anything is made
    while True:
        prepare()
        with locked("image", shared=True):
            folder = STATES / key(machine)
            with locked("state", shared=True):
                if (folder / "devices").exists():
                    yield folder
                    return
            with locked("state"):
                if not (folder / "devices").exists():
                    _make(machine, folder)


def discard(machine: Machine) -> None:
    """Forget the machine's state, so that the next ensure() makes it again."""
    shutil.rmtree(STATES / key(machine), ignore_errors=True)


def _make(machine: Machine, folder: Path) -> None:
    STATES.mkdir(parents=True, exist_ok=True)
    for old in STATES.iterdir():
        if old.name.endswith(".part") or old.name.rpartition("-")[0] == machine.name:
            shutil.rmtree(old, ignore_errors=True)
    part = folder.with_name(folder.name + ".part")
    part.mkdir()
    try:
        with step(f"booting Xen and dom0 in QEMU ({machine.name}; once, about half a minute)"):
            _boot(machine, part)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _boot(machine: Machine, part: Path) -> None:
    scratch = scratch_folder()
    qemu = None
    try:
        payload = scratch / "payload"
        payload.touch()
        os.truncate(payload, PAYLOAD_SIZE)
        qemu = Qemu(machine, scratch, part / "ram", True, payload)
        executor = Executor(qemu.connect(qemu.executor_socket, 20), qemu.check, nudge=False)
        if not executor.wait_up(BOOT_SECONDS):
            raise HostError(f"dom0 did not come up within {BOOT_SECONDS} s")
        _settle(executor)
        qemu.command("stop")
        qemu.allow_shared_memory()
        qemu.command("migrate", uri=f"exec:cat >{shlex.quote(str(part))}/devices")
        qemu.wait_migration(120)
        qemu.command("quit")
        qemu.process.wait(60)
    except HostError:
        say("the end of Xen's console:\n" + console_tail(scratch / "serial.log"))
        raise
    finally:
        if qemu is not None:
            qemu.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _settle(executor: Executor) -> None:
    """Warm caches, so that each resumed run finds the tools in memory; drop the payload's."""
    status, output = executor.sh(
        "xl info >/dev/null && xl list && xenstore-ls >/dev/null && brctl show >/dev/null; "
        "cat $(type -P bash flock stat ip brctl xenstore-read xenstore-write grep sed tail dd tar "
        "curl python3) /etc/xen/scripts/* >/dev/null 2>&1; "
        "blockdev --flushbufs /dev/vdb; sync; xl list", 120)
    if status != 0 or "Domain-0" not in output:
        raise HostError(f"dom0 is up, but xl does not work: {output.strip()[-300:]}")


def resume(machine: Machine, folder: Path, scratch: Path, payload: Path, network: str,
           extra: tuple[str, ...]) -> Qemu:
    """A QEMU that goes on from the state, with the executor's socket not yet connected."""
    qemu = Qemu(machine, scratch, folder / "ram", False, payload, network,
                ("-incoming", "defer", *extra))
    try:
        qemu.allow_shared_memory()
        return qemu
    except BaseException:
        qemu.close()
        raise


def go_on(qemu: Qemu, folder: Path) -> None:
    """Read the state into a QEMU of resume() and let it run."""
    qemu.command("migrate-incoming", uri=f"exec:cat {shlex.quote(str(folder))}/devices")
    qemu.wait_incoming(60)
    qemu.command("cont")


def console_tail(log: Path, lines: int = 40, start: int = 0) -> str:
    """The last lines of Xen's serial console, without the noise of each guest's making.

    start is an offset in bytes that the lines begin at.
    """
    try:
        text = log.read_bytes()[start:].decode(errors="replace")
    except OSError:
        return "(none)"
    kept = [line for line in text.splitlines() if line.strip() and not NOISE.search(line)]
    return "\n".join("    " + line for line in kept[-lines:])
