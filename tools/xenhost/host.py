# SPDX-License-Identifier: MIT
"""Host: a Xen host that is up, with scripts run in its dom0.

    with Host(payload=["build/out/hello.elf", "build/out/hello.cfg"]) as host:
        status, output = host.sh("xl create hello.cfg", timeout=60)

The host is resumed from the kept state (which is made first if need be).  Files of
`payload` lie in /payload, where scripts start.  Nothing outlives close(): QEMU is killed
and its folder removed, also on an exception, Ctrl-C or SIGTERM.
"""

import atexit
import base64
import io
import shutil
import signal
import sys
import tarfile
import threading
import time
from pathlib import Path
from typing import Callable, Sequence

from . import payload as payload_disk
from . import state
from .executor import Executor
from .qemu import Qemu, choose_machine, fall_back
from .ui import HostError, say, scratch_folder

Sink = Callable[[bytes], None]


def to_terminal(data: bytes) -> None:
    """A sink that passes output on to standard output."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


class Host:
    """A resumed Xen host.

    icount      count instructions as time (1 ns each), without KVM
    payload     files or folders to find in /payload under their own names
    archives    instead of payload: several lists of (path, name), for unpack(number)
    forward     host port -> guest port of 10.0.2.20, the guest behind QEMU's NIC
    dom0_forward  the same for 10.0.2.15, an address that dom0 may take
    qemu        further arguments of QEMU, which must not change the machine
    """

    def __init__(self, icount: bool = False, payload: Sequence[str | Path] = (),
                 archives: Sequence[Sequence[payload_disk.Entry]] | None = None,
                 forward: dict[int, int] | None = None,
                 dom0_forward: dict[int, int] | None = None,
                 qemu: Sequence[str] = ()) -> None:
        self.machine = choose_machine(icount)
        self._scratch = scratch_folder()
        self._extra = tuple(qemu)
        self._qemu: Qemu | None = None
        self._executor: Executor | None = None
        self._xen_log_start = 0
        atexit.register(self.close)
        network = "".join(f",hostfwd=tcp:127.0.0.1:{here}-{address}:{there}"
                          for address, ports in (("10.0.2.20", forward),
                                                 ("10.0.2.15", dom0_forward))
                          for here, there in (ports or {}).items())
        try:
            entries = [(Path(p).resolve(), Path(p).name) for p in payload]
            self._places = payload_disk.write(self._scratch / "payload", archives or [entries])
            self._start_or_retry(network)
            if archives is None and entries:
                self.unpack(0, "/payload")
        except BaseException:
            self.close()
            raise

    def _start_or_retry(self, network: str) -> None:
        """Start; if that fails, once more with a new state, and without KVM."""
        try:
            self._start(network)
        except HostError as error:
            self._end_machine()
            say(f"the host did not start ({error}); trying once more")
            state.discard(self.machine)
            self.machine = fall_back(self.machine)
            self._start(network)

    def _start(self, network: str) -> None:
        with state.ensured(self.machine) as folder:
            self._qemu = state.resume(self.machine, folder, self._scratch,
                                      self._scratch / "payload", network, self._extra)
            self._executor = Executor(self._qemu.connect(self._qemu.executor_socket, 20),
                                      self._qemu.check, nudge=not self.machine.icount)
            state.go_on(self._qemu, folder)
        clock = "" if self.machine.icount else f"date -s @{time.time():.3f} >/dev/null\n"
        status, output = self.sh(clock + "mount -t tmpfs -o size=80% tmpfs /payload", 60)
        if status != 0:
            raise HostError(f"the resumed host does not work: {output.strip()}")

    def unpack(self, number: int, folder: str) -> None:
        """Unpack one of the archives into a folder of dom0."""
        status, output = self.sh(payload_disk.unpack_script(self._places[number], folder), 120)
        if status != 0:
            raise HostError(f"dom0 could not unpack its files: {output.strip()[-200:]}")

    def sh(self, script: str, timeout: float, sink: Sink | None = None) -> tuple[int, str]:
        """Run a bash script in dom0's /payload; returns (status, output).

        sink gets the output (stdout and stderr) as it comes.  After timeout seconds of
        this machine's time the script is killed and the status is executor.TIMED_OUT.
        """
        if self._executor is None:
            raise HostError("the host is closed")
        return self._executor.sh(script, timeout, sink)

    def fetch(self, folder: str, target: Path) -> None:
        """Copy the files that lie in one of dom0's folders into a folder here."""
        status, output = self.sh(f"set -o pipefail; tar -C {folder} -c . | gzip -1 | base64", 120)
        if status != 0:
            raise HostError(f"cannot copy {folder} out of dom0: {output.strip()[-200:]}")
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(output)), mode="r:gz") as archive:
            for member in archive:
                if member.isfile():
                    content = archive.extractfile(member).read()
                    (target / Path(member.name).name).write_bytes(content)

    def wake_on(self, wanted: Callable[[], bool]) -> None:
        """End the running sh() early, as on a time-out, once wanted() says so."""
        if self._executor is not None:
            self._executor.wake = wanted

    def console_log(self, domain: str) -> str:
        """What a guest has printed on its console so far."""
        return self.sh(f"cat /var/log/xen/console/guest-{domain}.log 2>/dev/null", 60)[1]

    def busy(self) -> float:
        """Seconds of processor time that the machine has used: the rest was waiting."""
        return self._qemu.busy() if self._qemu is not None else 0.0

    def mark_xen_log(self) -> None:
        """Let xen_log() begin here."""
        log = self._scratch / "serial.log"
        self._xen_log_start = log.stat().st_size if log.exists() else 0

    def xen_log(self, lines: int = 40) -> str:
        """The end of Xen's own console, where triple faults and crashes are reported."""
        return state.console_tail(self._scratch / "serial.log", lines, self._xen_log_start)

    def close(self) -> None:
        """End the host and remove its folder; may be called again."""
        self._end_machine()
        shutil.rmtree(self._scratch, ignore_errors=True)
        atexit.unregister(self.close)

    def _end_machine(self) -> None:
        if self._executor is not None:
            self._executor.close()
            self._executor = None
        if self._qemu is not None:
            self._qemu.close()
            self._qemu = None

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, kind, error, trace) -> None:
        if isinstance(error, HostError) and self._qemu is not None:
            say("the end of Xen's console:\n" + self.xen_log())
        self.close()


def end_on_signals() -> None:
    """Turn SIGTERM and SIGHUP into SystemExit, so that `with Host()` cleans up."""
    def leave(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, leave)
