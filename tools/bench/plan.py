# SPDX-License-Identifier: MIT
"""What is measured, in which order. Results go into one dictionary as they come, so that what was
measured before a failure is kept."""

import re
import shutil
import time
from pathlib import Path
from typing import Callable, Sequence

from xenhost.paths import OUT
from xenhost.ui import HostError, say

from . import linux
from .session import DISK_MIB, DISKS, Session

TSC_MODES = ("default", "native")
BOOT_IMAGES = ("mini", "hello")
BOOT_MEMORY = (8, 32, 256, 2048)    # MiB
BOOT_TYPES = ("pvh", "pv")
SMALLEST = {"mini": range(1, 9), "hello": range(1, 9), "httpd": range(1, 17)}
LOADS = {"keep": 2000, "close": 1000}
CLIENTS = 8
MANY_CLIENTS = 64
TRACED = {"keep": 800, "read": 64, "random_1": 400, "random_32": 1600}
STREAMS = {"in": [64 << 20], "out": [64 << 20], "echo": [4000, 64], "flood": [4000]}
IDLE_SECONDS = 10
WAIT = 30                           # virtual seconds, bound of a guest's start or end

OURS = ["httpd.elf", "httpd.cfg", "httpd.img", "hello.elf", "hello.cfg", "mini.elf", "mini.cfg",
        "diskload.elf", "diskload.cfg", "stream.elf", "stream.cfg"]
BARE_IMAGES = ("httpd", "diskload", "stream")
BARE_MODE = "native"                # in the other one, clock readings would hide what checks cost
NIC = f"vif = [ 'bridge=xenbr0,mac={linux.MAC}' ]"
DISK = "disk = [ 'phy:/dev/ram0,xvda,w' ]"
# Lines for diskload, without the disk's name. A first read gets what is set up once out of the way.
DISK_LOADS = {"read": f"read {DISK_MIB}", "write": f"write {DISK_MIB}", "random_1": "random 1000 1",
              "random_32": "random 8000 32"}
# What disks do while Xen counts: dom0/measure's words.
DISK_TRACES = {"read": ("disk", "xvda", "read", TRACED["read"]),
               "random_1": ("disk", "xvda", "random", TRACED["random_1"], 1),
               "random_32": ("disk", "xvda", "random", TRACED["random_32"], 32)}


def bare_name(name: str) -> str:
    return f"{name}-bare.elf"


def ours() -> list[Path]:
    """Files for dom0; images without checks get names of their own."""
    bare = {linux.BENCH / "bare" / "out" / f"{name}.elf": linux.BENCH / bare_name(name)
            for name in BARE_IMAGES}
    files = [OUT / name for name in OURS]
    missing = [str(file) for file in (*files, *bare) if not file.is_file()]
    if missing:
        raise HostError(f"not built: {' '.join(missing)} (make bench builds them)")
    for built, named in bare.items():
        shutil.copy(built, named)
    return [*files, *bare.values()]


def command_line(arguments: str = "") -> str:
    words = f"mount=/www:xvda ip={linux.ADDRESS}/24 ip6=off"
    return f"extra = '{words}{' -- ' + arguments if arguments else ''}'"


def seconds_of(pattern: str, log: str) -> float | None:
    """The time stamp, in ns, of the log line that the pattern follows."""
    found = re.search(r"^\[ *(\d+\.\d+)\] " + pattern, log, re.M)
    return float(found.group(1)) * 1e9 if found else None


class Plan:
    """All measurements on one session. results is what `make bench` keeps as JSON."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.results: dict = {"tsc": {mode: {} for mode in TSC_MODES}}
        self.begin = time.monotonic()

    def run(self) -> None:
        """Everything, most important first."""
        self.sizes()
        # The first xl of all finds dom0's caches cold; it is not to be the one that is measured.
        self.session.measure("run", "mini", "mini.cfg", WAIT)
        for mode in TSC_MODES:
            found = self.results["tsc"][mode]
            self._step(f"httpd, tsc_mode {mode}", lambda: found.update(ours=self._httpd(mode)))
            self._step(f"nginx on Linux, tsc_mode {mode}",
                       lambda: found.update(linux=self._linux(mode)))
            self._step(f"disk, tsc_mode {mode}",
                       lambda: found["ours"].update(self._diskload(mode)))
            self._step(f"streams, tsc_mode {mode}",
                       lambda: found["ours"].update(streams=self._stream(mode)))
        self._step("without checks", self._bare)
        self._step("migration, save and restore", self._life)
        self._step("entry to main()", self._boot)
        self._step("smallest memory", self._smallest)
        self.results["wall_seconds"] = round(time.monotonic() - self.begin)

    def _step(self, what: str, call: Callable[[], None]) -> None:
        say(f"measuring: {what} ({time.monotonic() - self.begin:.0f} s)")
        call()

    def sizes(self) -> None:
        """Bytes of the stripped images, and of what Linux loads."""
        self.results["size"] = {name: (OUT / f"{name}.elf").stat().st_size
                                for name in ("mini", "hello", "httpd")}
        loaded = [linux.BENCH / "linux.vmlinux", linux.BENCH / "linux.cpio"]
        self.results["size"]["linux"] = sum(file.stat().st_size for file in loaded)

    def _httpd(self, mode: str) -> dict:
        lines = [NIC, f'tsc_mode = "{mode}"']
        found = self._server("httpd", [command_line(), *lines])
        self.session.destroy("httpd")
        return {**found, **self._quiet_httpd(*lines)}

    def _quiet_httpd(self, *lines: str) -> dict:
        """httpd without an access log."""
        found = {}
        started = self.session.measure("serve", "httpd", "httpd.cfg", WAIT,
                                       command_line("-l off"), *lines)
        if "error" not in started:
            found = self._loads("httpd", 80, "_without_log")
            found["trace_keep_without_log"] = self._trace_requests("httpd", 80)
        self.session.destroy("httpd")
        return found

    def _linux(self, mode: str) -> dict:
        found = self._server("linux", [f'tsc_mode = "{mode}"'])
        if "error" not in found["start"]:
            found.update(self._loads("linux", 81, "_without_log"))
            found["trace_keep_without_log"] = self._trace_requests("linux", 81)
        log = found["start"].get("console", "")
        found["init_ns"] = seconds_of("bench: init", log)
        found["nginx_ns"] = seconds_of("bench: nginx", log)
        if "error" not in found["start"]:
            found.update(self._loads_disks("linux"))
            found["streams"] = self._streams("linux")
        self.session.destroy("linux")
        return found

    def _server(self, name: str, lines: list[str]) -> dict:
        """Start a web server, load it both ways, let it be idle."""
        session = self.session
        found = {"start": session.measure("serve", name, f"{name}.cfg", WAIT, *lines)}
        if "error" not in found["start"]:
            found.update(self._loads(name, 80, ""))
            found["idle"] = session.measure("idle", name, IDLE_SECONDS)
            found["trace_keep"] = self._trace_requests(name, 80)
        return found

    def _loads(self, name: str, port: int, suffix: str) -> dict:
        """Requests in both ways, by the way's name and the suffix."""
        found = {way + suffix: self.session.measure("load", name, port, requests, CLIENTS, way)
                 for way, requests in LOADS.items()}
        found["many" + suffix] = self.session.measure("load", name, port, LOADS["keep"],
                                                      MANY_CLIENTS, "keep")
        return found

    def _trace(self, name: str, units: int, *words: object) -> dict:
        """What Xen sees of a guest at work: totals, and of how many units of work."""
        return {"units": units, **self.session.measure("trace", name, *words)}

    def _trace_requests(self, name: str, port: int) -> dict:
        return self._trace(name, TRACED["keep"], "load", port, TRACED["keep"], CLIENTS)

    def _create(self, name: str, *lines: str) -> None:
        self.session.host.sh(f"rm -f /var/log/xen/console/guest-{name}.log; xl create {name}.cfg "
                             + " ".join(f"'{line}'" for line in _quoted(lines)), 120)

    def _diskload(self, mode: str, *lines: str) -> dict:
        self._create("diskload", DISK, f'tsc_mode = "{mode}"', 'on_crash = "preserve"', *lines)
        found = self._loads_disks("diskload")
        self.session.destroy("diskload")
        return found

    def _loads_disks(self, name: str) -> dict:
        """Each disk in each way, by the disk's name and the way's, and what Xen sees of it."""
        found = {}
        self.session.add_loop(name)
        for disk in DISKS:
            self.session.measure("disk", name, disk, "read", 4)
            found[disk] = {way: self.session.measure("disk", name, disk, *line.split())
                           for way, line in DISK_LOADS.items()}
        traces = {f"trace_{way}": self._trace(name, TRACED[way], *words)
                  for way, words in DISK_TRACES.items()}
        return {"disk": found, **traces}

    def _streams(self, name: str) -> dict:
        return {way: self.session.measure("stream", name, way, *numbers)
                for way, numbers in STREAMS.items()}

    def _stream(self, mode: str, *lines: str) -> dict:
        self._create("stream", f"extra = 'ip={linux.ADDRESS}/24 ip6=off'", NIC,
                     f'tsc_mode = "{mode}"', *lines)
        found = self._streams("stream")
        self.session.destroy("stream")
        return found

    def _bare(self) -> None:
        """Ours without its checks; with them, they were measured before."""
        httpd, diskload, stream = (f'kernel = "{bare_name(name)}"' for name in BARE_IMAGES)
        self.results["bare"] = {
            **self._quiet_httpd(NIC, f'tsc_mode = "{BARE_MODE}"', httpd),
            **self._diskload(BARE_MODE, diskload),
            "streams": self._stream(BARE_MODE, stream),
        }

    def _boot(self) -> None:
        boots = self.results["boot_ns"] = {}
        for kind in BOOT_TYPES:
            boots[kind] = {name: {memory: self._entry(kind, name, memory)
                                  for memory in BOOT_MEMORY} for name in BOOT_IMAGES}

    def _entry(self, kind: str, name: str, memory: int) -> float | None:
        lines = [f'type = "{kind}"', f"memory = {memory}", 'tsc_mode = "default"',
                 "shadow_memory = %d" % max(1, memory // 64)]
        end = self.session.measure("run", name, f"{name}.cfg", WAIT, *lines)
        return seconds_of(f"starting {name}", end["console"])

    def _life(self) -> None:
        """A migration with the same memory on both sides; saving each with the memory it needs."""
        self.session.shrink_disks()
        life = self.results["life"] = {"ours": {}, "linux": {}}
        for side, name, what, kind, *lines in (
                ("ours", "httpd", "migrate", "pvh", command_line(), NIC,
                 f"memory = {linux.MEMORY}"),
                ("ours", "httpd", "save", "pvh", command_line(), NIC),
                ("ours", "httpd", "save", "pv", command_line(), NIC),
                ("linux", "linux", "migrate", "pvh"), ("linux", "linux", "save", "pvh")):
            started = self.session.measure("serve", name, f"{name}.cfg", WAIT, f'type = "{kind}"',
                                           *lines)
            if "error" not in started:
                life[side][f"{what}_{kind}"] = self.session.measure(what, name)
            self.session.destroy(name)

    def _smallest(self) -> None:
        """The least memory with which each image does its work, tried from below."""
        found = self.results["smallest_mib"] = {}
        for name, sizes in SMALLEST.items():
            works = self._serves if name == "httpd" else self._ends_well
            found[name] = next((memory for memory in sizes if works(name, memory)), None)

    def _ends_well(self, name: str, memory: int) -> bool:
        end = self.session.measure("run", name, f"{name}.cfg", 5, f"memory = {memory}",
                                   "shadow_memory = 1")
        return "error" not in end and "has ended with status 0" in end["console"]

    def _serves(self, name: str, memory: int) -> bool:
        end = self.session.measure("serve", name, f"{name}.cfg", 5, command_line(), NIC,
                                   f"memory = {memory}", "shadow_memory = 1")
        self.session.destroy(name)
        return "error" not in end


def _quoted(lines: Sequence[str]) -> list[str]:
    """For single quotes of the shell: xl's strings may as well have double quotes."""
    return [line.replace("'", '"') for line in lines]
