# SPDX-License-Identifier: MIT
"""The Linux guest: Debian's kernel, nginx and an initramfs, as build/bench/linux.*.

    linux.vmlinux  the kernel of the Xen host's image, decompressed: xl need not do that
    linux.cpio     busybox, nginx with its libraries, diskload, apps/stream, frontend modules, page
    linux.cfg      settings as those of ours, where they matter
    stream         apps/stream as a Linux program, for dom0 too

The files are made again when something that they are made from has changed.
"""

import hashlib
import json
import shutil
import stat
import subprocess
from pathlib import Path

from xenhost import kernel, packages
from xenhost.initrd import Cpio, ModuleTree
from xenhost.paths import BUILD, IMAGE, ROOT
from xenhost.prepare import locked, manifest, prepare
from xenhost.ui import HostError, step

BENCH = BUILD / "bench"
SOURCES = Path(__file__).resolve().parent / "linux"
PAGE = ROOT / "apps" / "httpd" / "www" / "612.html"
STREAM = SOURCES.parent / "apps" / "stream" / "main.c"
MEMORY = 256
MAC = "00:16:3e:00:00:01"
ADDRESS = "10.99.0.50"

PACKAGES = ["nginx", "libc6", "libcrypt1", "libpcre2-8-0", "libssl3", "zlib1g", "busybox-static"]
PROGRAMS = ["usr/sbin/nginx", "bin/busybox"]
LIBRARIES = ["libc.so.6", "libcrypt.so.1", "libpcre2-8.so.0", "libssl.so.3", "libcrypto.so.3",
             "libz.so.1"]
LOADER = "ld-linux-x86-64.so.2"
MODULES = ["xen-netfront", "xen-blkfront"]
FOLDERS = ["bin", "dev", "etc", "lib", "lib64", "m", "proc", "run", "sys", "tmp", "usr", "usr/bin",
           "usr/sbin", "var", "var/lib", "var/lib/nginx", "var/log", "var/log/nginx", "www"]

CFG = f"""name = "linux"
type = "pvh"
kernel = "linux.vmlinux"
ramdisk = "linux.cpio"
extra = "console=hvc0 quiet"
memory = {MEMORY}
vif = [ 'bridge=xenbr0,mac={MAC}' ]
disk = [ 'phy:/dev/ram0,xvda,w' ]
"""


def _key() -> str:
    total = hashlib.sha256(json.dumps(manifest()["sha256"]["vmlinuz"]).encode())
    for file in (Path(__file__), *sorted(SOURCES.iterdir()), PAGE, STREAM):
        total.update(file.read_bytes())
    return total.hexdigest()


def make() -> list[Path]:
    """Make the guest's files if need be; returns them."""
    files = [BENCH / name for name in ("linux.vmlinux", "linux.cpio", "linux.cfg", "stream")]
    stamp = BENCH / "linux.key"
    prepare()
    BENCH.mkdir(parents=True, exist_ok=True)
    if stamp.exists() and stamp.read_text() == _key() and all(f.exists() for f in files):
        return files
    root = BENCH / "linux.part"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    with locked("image"), step("making the Linux guest from Debian 12 packages"):
        _unpack(root)
    kernel.expand(IMAGE / "vmlinuz", files[0])
    _compile(STREAM, files[3])
    _compile(SOURCES / "diskload.c", root / "diskload")
    files[1].write_bytes(_initramfs(root))
    files[2].write_text(CFG)
    shutil.rmtree(root)
    stamp.write_text(_key())
    return files


def _unpack(root: Path) -> None:
    try:
        found = packages.resolve(PACKAGES, dependencies=False)
        packages.download(found)
    except (HostError, FileNotFoundError):
        packages.update()
        found = packages.resolve(PACKAGES, dependencies=False)
        packages.download(found)
    for package in found:
        packages.unpack(package, root, ["./usr/share/*"])


def _compile(source: Path, target: Path) -> None:
    done = subprocess.run(["cc", "-std=gnu11", "-O2", "-static", "-o", target, source],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise HostError(f"{source.name} does not compile: {done.stderr.strip()[-300:]}")


def _library(root: Path, name: str) -> bytes:
    for file in root.rglob(name):
        return file.resolve().read_bytes() if not file.is_symlink() else _link(root, file)
    raise HostError(f"{name} is not among the Linux guest's packages")


def _link(root: Path, file: Path) -> bytes:
    """A link to a name in the same folder, which is all that these packages have."""
    return (file.parent / Path(file.readlink()).name).read_bytes()


def _initramfs(root: Path) -> bytes:
    archive = Cpio()
    for folder in FOLDERS:
        archive.add(folder, stat.S_IFDIR | 0o755)
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    archive.add("dev/kmsg", stat.S_IFCHR | 0o600, device=(1, 11))
    for program in PROGRAMS:
        archive.add(program, stat.S_IFREG | 0o755, (root / program).read_bytes())
    archive.add("bin/diskload", stat.S_IFREG | 0o755, (root / "diskload").read_bytes())
    archive.add("usr/bin/stream", stat.S_IFREG | 0o755, (BENCH / "stream").read_bytes())
    for library in LIBRARIES:
        archive.add(f"lib/{library}", stat.S_IFREG | 0o755, _library(root, library))
    archive.add(f"lib64/{LOADER}", stat.S_IFREG | 0o755, _library(root, LOADER))
    tree = ModuleTree(next((IMAGE / "modules" / "lib" / "modules").iterdir()))
    names = tree.closure(MODULES)
    for name in names:
        archive.add(f"m/{name}.ko", stat.S_IFREG | 0o644, tree.files[name].read_bytes())
    archive.add("modules", stat.S_IFREG | 0o644, "\n".join(names).encode() + b"\n")
    archive.add("init", stat.S_IFREG | 0o755, (SOURCES / "init").read_bytes())
    archive.add("etc/nginx.conf", stat.S_IFREG | 0o644, (SOURCES / "nginx.conf").read_bytes())
    archive.add("etc/passwd", stat.S_IFREG | 0o644, b"root:x:0:0:root:/:/bin/sh\n")
    archive.add("etc/group", stat.S_IFREG | 0o644, b"root:x:0:\n")
    archive.add("www/612.html", stat.S_IFREG | 0o644, PAGE.read_bytes())
    return archive.finish()
