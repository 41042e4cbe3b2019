# SPDX-License-Identifier: MIT
"""One QEMU process: its arguments, its QMP socket, and its certain end.

QEMU dies with this process whatever happens: close() kills it, and the kernel does
(PR_SET_PDEATHSIG) should this process be killed.  It runs apart from the terminal, so a
Ctrl-C there reaches only this process.
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .paths import HOST, IMAGE
from .ui import Deadline, HostError

MEMORY_MB = 4096
DOM0_MB = 1024
NIC_MAC = "52:54:00:99:00:01"
XEN_LINE = (f"console=com1 com1=115200,8n1 dom0=pv dom0_mem={DOM0_MB}M,max:{DOM0_MB}M noreboot=1 "
            "loglvl=all guest_loglvl=all bootscrub=0 ucode=no")
DOM0_LINE = "console=hvc0 quiet loglevel=4 random.trust_cpu=on"
KVM_GET_API_VERSION = 0xAE00
PR_SET_PDEATHSIG = 1
KVM_FAILED = HOST / "kvm-does-not-work-here"


@dataclass(frozen=True)
class Machine:
    """What a kept state depends on besides the files."""
    accel: str                      # "tcg" or "kvm"
    icount: bool

    @property
    def name(self) -> str:
        return self.accel + ("-icount" if self.icount else "")


def choose_machine(icount: bool) -> Machine:
    """KVM when it works here with nested virtualisation, TCG otherwise; XENHOST_ACCEL forces."""
    forced = os.environ.get("XENHOST_ACCEL")
    if icount:
        return Machine("tcg", True)
    if forced in ("tcg", "kvm"):
        return Machine(forced, False)
    return Machine("kvm" if _nested_kvm() and not KVM_FAILED.exists() else "tcg", False)


def fall_back(machine: Machine) -> Machine:
    """What to try when a machine did not work: TCG after KVM, which is then not tried again."""
    if machine.accel == "kvm":
        KVM_FAILED.touch()
        return Machine("tcg", machine.icount)
    return machine


@lru_cache
def _nested_kvm() -> bool:
    nested = [Path(f"/sys/module/{name}/parameters/nested") for name in ("kvm_intel", "kvm_amd")]
    if not any(f.is_file() and f.read_text().strip() in ("1", "Y") for f in nested):
        return False
    try:
        with open("/dev/kvm", "rb+", buffering=0) as kvm:
            return fcntl.ioctl(kvm, KVM_GET_API_VERSION) == 12
    except OSError:
        return False


def binary() -> str:
    found = shutil.which("qemu-system-x86_64")
    if not found:
        raise HostError("qemu-system-x86_64 is missing: apt-get install qemu-system-x86")
    return found


@lru_cache
def version() -> str:
    """QEMU's version with the distribution's revision: part of a state's key."""
    return subprocess.run([binary(), "--version"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.splitlines()[0]


def machine_arguments(machine: Machine) -> list[str]:
    """Arguments that the saved and the resumed process must share."""
    if machine.accel == "kvm":
        arguments = ["-accel", "kvm", "-cpu", "host,migratable=on"]
    else:
        extra = os.environ.get("XENHOST_CPU", "")
        arguments = ["-accel", "tcg", "-cpu", "qemu64,+svm,+npt" + (extra and "," + extra)]
    if machine.icount:
        arguments += ["-icount", "shift=0,sleep=off", "-rtc", "clock=vm,base=2026-01-01"]
    return arguments + [
        "-machine", "pc,memory-backend=ram", "-m", str(MEMORY_MB),
        "-nodefaults", "-display", "none", "-no-reboot",
        "-kernel", str(IMAGE / "xen"), "-append", XEN_LINE,
        "-initrd", f"{IMAGE}/vmlinuz {DOM0_LINE},{IMAGE}/initrd",
        "-device", "virtio-blk-pci,drive=root,id=disk0",
        "-device", "virtio-blk-pci,drive=payload,id=disk1",
        "-device", "virtio-serial-pci,id=serial0",
        "-device", "virtserialport,chardev=executor,name=executor",
        "-device", f"virtio-net-pci,netdev=net0,mac={NIC_MAC}",
    ]


class Qemu:
    """A started QEMU with its sockets in a folder of its own.

    folder    where sockets and the serial log go; the caller removes it
    memory    the file that holds the machine's memory
    share     True: memory goes into the file; False: the file is copied on write
    """

    def __init__(self, machine: Machine, folder: Path, memory: Path, share: bool, payload: Path,
                 network: str = "", extra: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.serial_log = folder / "serial.log"
        self.executor_socket = folder / "executor"
        self.qmp: socket.socket | None = None
        self._buffer = b""
        user = "user,id=net0,restrict=on,ipv6=off,dhcpstart=10.0.2.20" + network
        command = [
            binary(), *machine_arguments(machine),
            "-object", f"memory-backend-file,id=ram,size={MEMORY_MB}M,mem-path={memory},"
                       f"share={'on' if share else 'off'}",
            "-drive", f"if=none,id=root,format=raw,readonly=on,file={IMAGE}/root.ext4",
            "-drive", f"if=none,id=payload,format=raw,readonly=on,file={payload}",
            "-chardev", f"socket,id=executor,path={self.executor_socket},server=on,wait=off",
            "-serial", f"file:{self.serial_log}",
            "-netdev", user,
            "-qmp", f"unix:{folder}/qmp,server=on,wait=off", *extra,
        ]
        self.errors = open(folder / "qemu.log", "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.errors,
                                        stderr=self.errors, preexec_fn=_die_with_parent)
        try:
            self._connect_qmp()
        except BaseException:
            self.close()
            raise

    def _connect_qmp(self) -> None:
        self.qmp = self.connect(self.folder / "qmp", 20)
        self._message(20)
        self.command("qmp_capabilities")

    def connect(self, path: Path, seconds: float) -> socket.socket:
        """Connect to one of QEMU's sockets, which appears while QEMU starts."""
        deadline = Deadline(seconds)
        while not deadline.passed():
            self.check()
            plug = socket.socket(socket.AF_UNIX)
            try:
                plug.connect(str(path))
                return plug
            except (FileNotFoundError, ConnectionRefusedError):
                plug.close()
                time.sleep(0.02)
        raise HostError(f"QEMU did not open its socket {path.name} within {seconds:.0f} s")

    def check(self) -> None:
        """Raise when QEMU is no more."""
        if self.process.poll() is not None:
            text = (self.folder / "qemu.log").read_text(errors="replace").strip()
            raise HostError(f"QEMU ended (status {self.process.returncode}): {text[-400:]}")

    def _message(self, seconds: float) -> dict:
        deadline = Deadline(seconds)
        while b"\n" not in self._buffer:
            self.qmp.settimeout(max(0.01, deadline.left()))
            try:
                data = self.qmp.recv(65536)
            except socket.timeout:
                raise HostError("QEMU does not answer on its control socket") from None
            except OSError:
                data = b""
            if not data:
                self.process.wait(10)
                self.check()
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def command(self, name: str, seconds: float = 30, **arguments) -> dict:
        """One QMP command; its result.  Events that come meanwhile are dropped."""
        request = {"execute": name, "arguments": arguments}
        self.qmp.sendall(json.dumps(request).encode() + b"\n")
        while True:
            answer = self._message(seconds)
            if "error" in answer:
                raise HostError(f"QEMU refused {name}: {answer['error'].get('desc')}")
            if "return" in answer:
                return answer["return"]

    def wait_migration(self, seconds: float) -> None:
        """Wait until an outgoing migration is complete."""
        deadline = Deadline(seconds)
        while not deadline.passed():
            status = self.command("query-migrate").get("status")
            if status == "completed":
                return
            if status in ("failed", "cancelled"):
                break
            time.sleep(0.05)
        raise HostError("QEMU could not write the machine's state (is the disk full?)")

    def wait_incoming(self, seconds: float) -> None:
        """Wait until an incoming state has been read."""
        deadline = Deadline(seconds)
        while self.command("query-status").get("status") == "inmigrate":
            if deadline.passed():
                raise HostError("QEMU did not read the kept state in time")
            time.sleep(0.02)

    def allow_shared_memory(self) -> None:
        """Leave memory that lies in a file out of the state (see state.py)."""
        self.command("migrate-set-capabilities",
                     capabilities=[{"capability": "x-ignore-shared", "state": True}])

    def busy(self) -> float:
        """Seconds of processor time that this process has used."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Kill QEMU and wait for it; may be called again."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.qmp is not None:
            self.qmp.close()
            self.qmp = None
        self.errors.close()


def _die_with_parent() -> None:
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
