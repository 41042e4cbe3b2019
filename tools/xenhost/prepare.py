# SPDX-License-Identifier: MIT
"""Makes build/host/SUITE/image: Xen, dom0's kernel, initrd and root disk.

    image/xen            the hypervisor, decompressed (a multiboot ELF)
    image/vmlinuz        Debian's kernel, for dom0
    image/initrd         busybox and the modules that reach the root disk, as cpio
    image/root.ext4      dom0's root; always used read-only, under an overlay in memory
    image/modules/       the kernel's frontend modules, for Linux guests
    image/manifest.json  what it was made from, and the SHA-256 of each product

The folder is made under another name and renamed when complete.  It is made again when
a file that it is made from (package list, dom0 files, this program) has changed; packages
once downloaded are kept with their list, so that needs no network.
"""

import fcntl
import gzip
import hashlib
import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from . import initrd, packages
from .packages import Package
from .paths import DOM0_FILES, HERE, IMAGE, OF_SUITE, PACKAGE_LIST, SUITE
from .ui import HostError, say, step

EXCLUDED = ["./usr/share/doc/*", "./usr/share/man/*", "./usr/share/locale/*",
            "./usr/share/info/*", "./usr/share/lintian/*", "./lib/systemd/*", "./lib/udev/*",
            "./usr/share/bash-completion/*", "./etc/init.d/*", "./usr/share/zoneinfo/*"]

DOM0_MODULES = ["xenfs", "xen-evtchn", "xen-gntdev", "xen-gntalloc", "xen-privcmd", "xen-blkback",
                "xen-netback", "virtio_net", "virtio_console", "bridge", "loop", "brd", "null_blk",
                "tun", "veth", "dummy", "sch_netem", "sch_tbf", "dm-mod", "dm-flakey", "dm-delay",
                "dm-linear", "dm-error", "nf_tables", "pktgen"]
ROOT_MODULES = ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4", "overlay"]
GUEST_MODULES = ["xen-netfront", "xen-blkfront", "crc32c_generic", "ext4", "brd", "af_packet"]

LIBRARIES = "/usr/lib/x86_64-linux-gnu"  # in dom0

PACKAGE_LOCK = OF_SUITE / "packages.lock"
ROOT_SLACK = 32 << 20               # free space in the root disk beyond its files


def read_package_list() -> dict[str, list[str]]:
    """Names in packages.txt by kind, as the suite has them."""
    kinds: dict[str, list[str]] = {}
    for line in SUITE.fill(PACKAGE_LIST.read_text()).splitlines():
        words = line.split("#")[0].split()
        if words:
            kinds.setdefault(words[0], []).append(words[1])
    return kinds


def _sha256(*files: Path) -> str:
    total = hashlib.sha256()
    for file in files:
        with open(file, "rb") as stream:
            while block := stream.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def _inputs() -> str:
    own = [HERE / name for name in ("packages.py", "prepare.py", "initrd.py", "packages.txt",
                                  "suite.py")]
    return _sha256(*own, *sorted(f for f in DOM0_FILES.rglob("*") if f.is_file()))


def manifest() -> dict:
    """The products' manifest, or {} when there is none that fits the present sources."""
    try:
        found = json.loads((IMAGE / "manifest.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if found.get("inputs") == _inputs() else {}


@contextmanager
def locked(name: str, shared: bool = False) -> Iterator[None]:
    """Hold build/host/SUITE/NAME.lock: alone to make the thing, shared to use its files."""
    OF_SUITE.mkdir(parents=True, exist_ok=True)
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with open(OF_SUITE / f"{name}.lock", "w") as stream:
        try:
            fcntl.flock(stream, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another command that makes or uses the {name} ...")
            fcntl.flock(stream, mode)
        yield


def prepare() -> dict:
    """Make what is missing; returns the manifest.  Fast when there is nothing to do."""
    found = manifest()
    if found:
        return found
    _check_tools()
    with locked("image"):
        return manifest() or _make()


def _check_tools() -> None:
    needed = {"apt-get": "apt", "dpkg-deb": "dpkg", "mke2fs": "e2fsprogs", "tar": "tar"}
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = [package for tool, package in needed.items() if not shutil.which(tool)]
    if missing:
        raise HostError(f"missing tools: apt-get install {' '.join(missing)}")


def _kept_list(kinds: dict[str, list[str]]) -> dict[str, list[Package]]:
    """The archives by kind that were found last time for the same names, or {}."""
    try:
        lock = json.loads(PACKAGE_LOCK.read_text())
        if lock["names"] == kinds:
            return {kind: [Package(**entry) for entry in lock[kind]] for kind in ("dom0", "alone")}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return {}


def _resolve(kinds: dict[str, list[str]]) -> dict[str, list[Package]]:
    """The archives by kind, as the mirror has them now; kept for the next time."""
    packages.update()
    image = packages.depends_on(kinds["kernel"][0], r"linux-image-\d.*-amd64")
    tree = packages.resolve(kinds["dom0"])
    found = {
        "dom0": [package for package in tree if package.name not in kinds["drop"]],
        "alone": packages.resolve([*kinds["alone"], image], dependencies=False),
    }
    lists = {kind: [vars(package) for package in found[kind]] for kind in found}
    _write(PACKAGE_LOCK, json.dumps({"names": kinds, **lists}, indent=1).encode())
    return found


def _download() -> dict[str, list[Package]]:
    """Have all archives here; a kept list that the mirror no longer serves is renewed."""
    kinds = read_package_list()
    found = _kept_list(kinds)
    if found:
        try:
            packages.download(found["dom0"] + found["alone"])
            return found
        except HostError:
            say("the mirror has newer packages")
    found = _resolve(kinds)
    packages.download(found["dom0"] + found["alone"])
    return found


def _write(file: Path, data: bytes) -> None:
    part = file.with_name(file.name + ".part")
    part.write_bytes(data)
    part.rename(file)


def _make() -> dict:
    say(f"making the Xen {SUITE.xen} host from Debian {SUITE.debian} packages (once; "
        "some minutes at most)")
    found = _download()
    work = OF_SUITE / "image.part"
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(IMAGE, ignore_errors=True)
    _lay_out(work / "root")
    _lay_out(work / "alone")
    with step("unpacking dom0's root"):
        for package in found["dom0"]:
            packages.unpack(package, work / "root", EXCLUDED)
    with step("unpacking Xen and the kernel"):
        for package in found["alone"]:
            packages.unpack(package, work / "alone", ["./usr/share/*", "*/drivers/gpu/*",
                                                      "*/drivers/media/*", "*/sound/*"])
    _assemble(work, found)
    work.rename(IMAGE)
    return manifest()


def _assemble(work: Path, found: dict[str, list[Package]]) -> None:
    root, alone = work / "root", work / "alone"
    _expand(_one(alone / "boot", f"xen-{SUITE.xen}*.gz"), work / "xen")
    kernel = _one(alone / "boot", "vmlinuz-*")
    version = kernel.name.partition("-")[2]
    shutil.copy(kernel, work / "vmlinuz")
    tree = initrd.ModuleTree(alone / "lib" / "modules" / version)
    tree.install(DOM0_MODULES, root)
    tree.install(GUEST_MODULES, work / "modules")
    initrd.make(work / "initrd", root / "bin" / "busybox", DOM0_FILES / "initrd-init",
                tree, ROOT_MODULES)
    _own_files(root)
    with step("making dom0's root disk"):
        _root_disk(root, work / "root.ext4")
    shutil.rmtree(root)
    shutil.rmtree(alone)
    products = ("xen", "vmlinuz", "initrd", "root.ext4")
    _write(work / "manifest.json", json.dumps({
        "inputs": _inputs(), "kernel": version,
        "packages": sorted(p.file for kind in found.values() for p in kind),
        "sha256": {name: _sha256(work / name) for name in products},
    }, indent=1).encode())


def _one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise HostError(f"{len(found)} files like {pattern} in the packages, expected one: "
                        "remove build/host and try again")
    return found[0]


def _expand(source: Path, target: Path) -> None:
    with gzip.open(source) as packed, open(target, "wb") as plain:
        shutil.copyfileobj(packed, plain)


def _lay_out(root: Path) -> None:
    """Folders and links of a merged-/usr Debian, which packages take for granted."""
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for name in ("dev", "proc", "sys", "run", "tmp", "root", "etc", "var/lib", "var/log", "mnt",
                 "payload"):
        (root / name).mkdir(parents=True)
    (root / "var" / "run").symlink_to("/run")
    (root / "var" / "lock").symlink_to("/run")


def _own_files(root: Path) -> None:
    """Lay our files over the packages'; what would be replaced is kept as NAME.stock."""
    own = DOM0_FILES / "root"
    for file in own.rglob("*"):
        there = root / file.relative_to(own)
        if file.is_file() and there.is_file():
            there.rename(there.with_name(there.name + ".stock"))
    shutil.copytree(own, root, dirs_exist_ok=True, symlinks=True)
    for link, target in (
            ("usr/bin/python3", f"python{SUITE.python}"), ("usr/bin/awk", "gawk"),
            ("usr/bin/sh", "bash"), ("usr/lib/xenhost/xen", f"../xen-{SUITE.xen}"),
            ("usr/lib/xenhost/libxenctrl.so", f"{LIBRARIES}/libxenctrl.so.{SUITE.xen}"),
            ("usr/sbin/xl", "/usr/lib/xenhost/xen/bin/xl")):
        (root / link).unlink(missing_ok=True)
        (root / link).symlink_to(target)


def _root_disk(root: Path, disk: Path) -> None:
    used = sum(-(-f.lstat().st_size // 4096) * 4096 + 4096 for f in root.rglob("*"))
    size = used + used // 8 + ROOT_SLACK
    result = subprocess.run(
        ["mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", root, "-E", "root_owner=0:0",
         "-O", "^has_journal", "-m", "0", "-L", "dom0", disk, str(size // 4096)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        raise HostError(f"mke2fs: {result.stdout.strip()[-200:]}")
