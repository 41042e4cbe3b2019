# SPDX-License-Identifier: MIT
"""`xenhost gdb APP`: one appliance under gdb, for `make gdb`.

The guest is created paused; tools/gdb/gdbserver attaches to it in dom0, and a port of 127.0.0.1
leads there. gdb runs in the foreground with the image's symbols and the
commands of tools/gdb/xenolith.py; the guest's console goes to a file. When gdb ends, so do
guest and host.
"""

import shutil
import signal
import subprocess
import threading
from pathlib import Path

from .host import Host
from .paths import BUILD, OUT, ROOT
from .run import ENDLESS, app_files, cfg_name, free_port
from .ui import HostError, say

SERVER_PORT = 9999                  # gdbserver's in dom0
FIRST_PORT = 9999                   # here, or the next free one
START_SECONDS = 120

# dom0 gets the address that QEMU forwards to; a guest's NIC finds QEMU's network as in `run`.
START = """
ip link set eth0 master xenbr0 up
ip addr add 10.0.2.15/24 dev xenbr0
xl create -p {cfg} 'on_poweroff="preserve"' 'on_reboot="preserve"' 'on_crash="preserve"' \
    >/run/create.log 2>&1 || {{ cat /run/create.log; exit 1; }}
setsid python3 -B -S ./gdbserver $(xl domid {name}) {port} 10.0.2.15 >/run/gdbserver.log 2>&1 </dev/null &
for turn in $(seq 100); do
    grep -q 'on port' /run/gdbserver.log && exit 0
    sleep 0.1
done
cat /run/gdbserver.log
exit 1
"""
CONSOLE = "touch /var/log/xen/console/guest-{name}.log; exec tail -s 0.2 -n +1 -f " \
          "/var/log/xen/console/guest-{name}.log"


class _Console(threading.Thread):
    """Copies the guest's console to a file until stop()."""

    def __init__(self, host: Host, name: str, log: Path) -> None:
        super().__init__(daemon=True)
        self.host = host
        self.script = CONSOLE.format(name=name)
        self.log = log
        self.over = threading.Event()
        host.wake_on(self.over.is_set)

    def run(self) -> None:
        with open(self.log, "wb", buffering=0) as stream:
            try:
                self.host.sh(self.script, ENDLESS, stream.write)
            except HostError as error:
                stream.write(f"[host] {error}\n".encode())

    def stop(self) -> None:
        self.over.set()
        self.join(60)


def _gdb(port: int, image: Path, arguments: list[str]) -> int:
    """gdb in the foreground; a Ctrl-C is gdb's alone."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(
            ["gdb", "-q", "-nx", "-iex", "set pagination off", "-x", ROOT / "tools/gdb/xenolith.py",
             "-ex", "set architecture i386:x86-64", "-ex", f"target remote 127.0.0.1:{port}",
             *arguments, image], preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def debug_app(app: str, arguments: list[str]) -> int:
    """Run build/out/APP.elf under gdb; gdb's exit status."""
    if not shutil.which("gdb"):
        raise HostError("gdb is missing: apt-get install gdb")
    image, cfg = OUT / f"{app}.elf.debug", OUT / f"{app}.cfg"
    files = [*app_files(app), ROOT / "tools/gdb/gdbserver"]
    name = cfg_name(cfg.read_text(), cfg)
    port = free_port(FIRST_PORT)
    log = BUILD / f"gdb-{app}.console"
    say("starting the Xen host from its kept state ...")
    with Host(payload=files, dom0_forward={port: SERVER_PORT}) as host:
        status, output = host.sh(START.format(cfg=cfg.name, name=name, port=SERVER_PORT),
                                 START_SECONDS)
        if status != 0:
            raise HostError(f"no guest to debug: {output.strip()[-400:]}")
        say(f"{name} is paused at its first instruction; gdbserver serves it on 127.0.0.1:{port}")
        say(f"its console goes to {log}")
        console = _Console(host, name, log)
        console.start()
        try:
            return _gdb(port, image, arguments)
        finally:
            console.stop()
