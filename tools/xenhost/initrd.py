# SPDX-License-Identifier: MIT
"""Kernel modules and the initrd that reaches the root disk.

The initrd is an uncompressed cpio archive (newc format) written here: a static busybox,
/init, the modules and /modules, which lists them in an order in which insmod can load
them.  Dependencies come from the modules' own .modinfo, so no depmod is needed.
"""

import lzma
import re
import stat
import shutil
from pathlib import Path

from .ui import HostError


class ModuleTree:
    """The modules of one unpacked kernel package: lib/modules/VERSION."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = {self.plain(file.name.partition(".")[0]): file
                      for pattern in ("*.ko", "*.ko.xz") for file in folder.rglob(pattern)}
        if not self.files:
            raise HostError(f"no kernel modules in {folder}")

    @staticmethod
    def plain(name: str) -> str:
        return name.replace("-", "_")

    def read(self, name: str) -> bytes:
        """A module as insmod takes it; Debian 13's are compressed."""
        data = self.files[name].read_bytes()
        return lzma.decompress(data) if self.files[name].suffix == ".xz" else data

    def _depends(self, name: str) -> list[str]:
        match = re.search(rb"\0depends=([^\0]*)\0", self.read(name))
        return [self.plain(n) for n in match.group(1).decode().split(",") if n] if match else []

    def closure(self, names: list[str]) -> list[str]:
        """The named modules and all that they need, each after what it needs.

        Names unknown here are built into the kernel, or absent: they are left out.
        """
        order: list[str] = []

        def visit(name: str) -> None:
            if name in order or name not in self.files:
                return
            for needed in self._depends(name):
                visit(needed)
            order.append(name)

        for name in names:
            visit(self.plain(name))
        return order

    def install(self, names: list[str], root: Path) -> None:
        """Copy the modules into root/lib/modules/VERSION, with a list in load order."""
        version = self.folder.name
        for name in self.closure(names):
            file = self.files[name].relative_to(self.folder)
            target = root / "lib" / "modules" / version / file.parent / (
                file.name.partition(".")[0] + ".ko")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.read(name))
        for extra in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
            if (self.folder / extra).exists():
                shutil.copy(self.folder / extra, root / "lib" / "modules" / version / extra)


class Cpio:
    """Writes a newc archive: per member a header of hex fields, name and data, each padded."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.count = 0

    def add(self, name: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)
            ) -> None:
        self.count += 1
        fields = [self.count, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0]
        self.data += b"070701" + b"".join(b"%08X" % field for field in fields)
        self.data += name.encode() + b"\0"
        self._pad()
        self.data += content
        self._pad()

    def _pad(self) -> None:
        self.data += bytes(-len(self.data) % 4)

    def finish(self) -> bytes:
        self.add("TRAILER!!!", 0)
        return bytes(self.data)


def make(target: Path, busybox: Path, init: Path, tree: ModuleTree, modules: list[str]) -> None:
    """Write the initrd."""
    if not busybox.exists():
        raise HostError("busybox-static is not among the unpacked packages")
    archive = Cpio()
    for folder in ("bin", "dev", "proc", "sys", "m", "lower", "upper", "root"):
        archive.add(folder, stat.S_IFDIR | 0o755)
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    archive.add("bin/busybox", stat.S_IFREG | 0o755, busybox.read_bytes())
    archive.add("bin/sh", stat.S_IFLNK | 0o777, b"busybox")
    archive.add("init", stat.S_IFREG | 0o755, init.read_bytes())
    names = tree.closure(modules)
    for name in names:
        archive.add(f"m/{name}.ko", stat.S_IFREG | 0o644, tree.read(name))
    archive.add("modules", stat.S_IFREG | 0o644, "".join(f"{name}\n" for name in names).encode())
    target.write_bytes(archive.finish())
