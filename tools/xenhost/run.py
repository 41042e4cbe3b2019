# SPDX-License-Identifier: MIT
"""`xenhost run APP`: one appliance in the foreground, for `make run`.

The guest's NIC joins QEMU's, so QEMU's user network serves it: DHCP gives 10.0.2.20, and
a port of 127.0.0.1 leads to the guest's port 80.  Its console goes to standard output as
it comes.  The command ends with the guest, or with Ctrl-C; nothing stays behind.
"""

import re
import socket
import threading
from pathlib import Path

from .host import Host, to_terminal
from .paths import OUT
from .ui import HostError, say

GUEST_PORT = 80
CREATE_SECONDS = 120
ENDLESS = 10 * 365 * 86400.0        # the guest may run as long as it likes

NETWORK = "ip link set eth0 master xenbr0 up\n"

CREATE = """
xl create {cfg} 'on_poweroff="preserve"' 'on_reboot="preserve"' 'on_crash="preserve"' \
    'on_watchdog="preserve"' >/run/create.log 2>&1 || {{ cat /run/create.log; exit 1; }}
"""

# Streams the console; ends with the shutdown code when the guest has shut down, once the
# console's log grows no more.
FOLLOW = """
log=/var/log/xen/console/guest-{name}.log
touch $log
tail -s 0.1 -n +1 -f $log &
while code=$(xl list -v {name} 2>/dev/null | awk 'NR == 2 {{ print $8 }}'); [ "$code" = - ]; do
    sleep 0.5
done
size=-1
while [ "$(stat -c %s $log)" != "$size" ]; do
    size=$(stat -c %s $log)
    sleep 0.4
done
kill %1
[ -n "$code" ] || exit 99
exit $((16#$code))
"""
GONE = 99
REASONS = {0: "has shut down", 1: "has asked for a reboot", 2: "has suspended itself",
           3: "has crashed", 4: "was stopped by its watchdog", 5: "has asked for a soft reset",
           GONE: "was destroyed"}


def free_port(first: int) -> int:
    """The first port of 127.0.0.1 from `first` on that nothing listens on."""
    for port in range(first, min(first + 100, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise HostError(f"no free port from {first} on: say another with --port")


class _Knocker(threading.Thread):
    """Asks the guest for a page until it answers, then prints the URL."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.end = threading.Event()

    def run(self) -> None:
        while not self.end.wait(0.3):
            if self._answers():
                say(f"the guest answers: http://127.0.0.1:{self.port}/   (Ctrl-C ends it)")
                return

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as plug:
                plug.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
                return plug.recv(5) == b"HTTP/"
        except OSError:
            return False


def cfg_name(text: str, cfg: Path) -> str:
    match = re.search(r"^\s*name\s*=\s*[\"']([\w.+-]+)[\"']", text, re.M)
    if not match:
        raise HostError(f"{cfg} has no name = \"...\" line")
    return match.group(1)


def app_files(app: str) -> list[Path]:
    """What dom0 needs of build/out to start it."""
    for suffix in ("elf", "cfg"):
        if not (OUT / f"{app}.{suffix}").is_file():
            raise HostError(f"{OUT / app}.{suffix} is not built: make {app}")
    return [file for suffix in ("elf", "cfg", "img", "ramdisk")
            if (file := OUT / f"{app}.{suffix}").is_file()]


def run_app(app: str, port: int) -> int:
    """Run build/out/APP.*; the exit status: 0 if the guest shut down by itself."""
    cfg = OUT / f"{app}.cfg"
    files = app_files(app)
    text = cfg.read_text()
    name = cfg_name(text, cfg)
    has_nic = re.search(r"^\s*vif\s*=\s*\[\s*[^\]\s]", text, re.M) is not None
    forward = {free_port(port): GUEST_PORT} if has_nic else {}
    say("starting the Xen host from its kept state ...")
    with Host(payload=files, forward=forward) as host:
        return _in_host(host, cfg.name, name, next(iter(forward), 0))


def _in_host(host: Host, cfg: str, name: str, port: int) -> int:
    say(f"xl create {cfg} ...")
    status, output = host.sh((NETWORK if port else "") + CREATE.format(cfg=cfg), CREATE_SECONDS)
    if status != 0:
        say(f"xl create {cfg} failed:\n{output.strip()}\nThe end of Xen's console:\n"
            + host.xen_log(20))
        return 1
    if port:
        say(f"the guest runs; its port {GUEST_PORT} is to be http://127.0.0.1:{port}/")
    say("its console follows; Ctrl-C ends it")
    knocker = _Knocker(port)
    if port:
        knocker.start()
    try:
        code = host.sh(FOLLOW.format(name=name), ENDLESS, to_terminal)[0]
    except KeyboardInterrupt:
        print(flush=True)
        say("ending the guest and the host")
        return 0
    finally:
        knocker.end.set()
    say(f"the guest {REASONS.get(code, f'ended with code {code}')}")
    return _verdict(host, code)


def _verdict(host: Host, code: int) -> int:
    log = host.xen_log(30)
    if code in (0, 1) and "Triple fault" not in log:
        return 0
    say("the end of Xen's console:\n" + log)
    return 1
