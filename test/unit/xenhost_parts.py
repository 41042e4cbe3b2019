#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Parts of tools/xenhost that need no Xen: the two suites, modules packed and not, a state's key,
the order of guest tests, and dom0's inventory."""

import lzma
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
os.environ["XENHOST_SUITE"] = ""
sys.path.insert(0, str(ROOT / "tools"))
sys.path.insert(0, str(ROOT / "tools/xenhost/dom0/root/usr/lib/xenhost"))

import inventory                                            # noqa: E402
from xenhost import guesttest, prepare, state               # noqa: E402
from xenhost.guesttest import GuestTest                     # noqa: E402
from xenhost.initrd import ModuleTree                       # noqa: E402
from xenhost.qemu import Machine                            # noqa: E402
from xenhost.suite import DEFAULT, SUITES, chosen           # noqa: E402
from xenhost.ui import HostError                            # noqa: E402


class Suites(unittest.TestCase):
    """What is chosen, and what differs."""

    def test_chosen(self):
        self.assertEqual(chosen().name, DEFAULT)
        with mock.patch.dict(os.environ, XENHOST_SUITE="trixie"):
            self.assertEqual(chosen().xen, "4.20")
        with mock.patch.dict(os.environ, XENHOST_SUITE="potato"), self.assertRaises(HostError):
            chosen()

    def test_package_names(self):
        for suite, xen in (("bookworm", "4.17"), ("trixie", "4.20")):
            with mock.patch.object(prepare, "SUITE", SUITES[suite]):
                kinds = prepare.read_package_list()
            self.assertEqual(kinds["alone"], [f"xen-hypervisor-{xen}-amd64"])
            self.assertFalse([name for names in kinds.values() for name in names if "{" in name])

    def test_side_by_side(self):
        """Each has its own image and states."""
        script = "from xenhost import paths; print(paths.IMAGE, paths.STATES, paths.APT)"
        found = {subprocess.run([sys.executable, "-B", "-c", script], cwd=ROOT / "tools", text=True,
                                env={**os.environ, "XENHOST_SUITE": suite}, check=True,
                                capture_output=True).stdout for suite in SUITES}
        self.assertEqual(len(found), len(SUITES))


class Modules(unittest.TestCase):
    """A kernel's modules, as Debian 12 has them and as Debian 13 has them."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name) / "1.2.3"
        (self.folder / "kernel").mkdir(parents=True)

    def test_order_and_contents(self):
        lower, upper = b"ELF\0depends=\0", b"ELF\0depends=low-er\0"
        for pack, suffix in (lambda data: data, ".ko"), (lzma.compress, ".ko.xz"):
            (self.folder / "kernel" / f"low-er{suffix}").write_bytes(pack(lower))
            (self.folder / "kernel" / f"upper{suffix}").write_bytes(pack(upper))
            tree = ModuleTree(self.folder)
            self.assertEqual(tree.closure(["upper", "built-in"]), ["low_er", "upper"])
            self.assertEqual(tree.read("upper"), upper)
            tree.install(["upper"], self.folder.parent / "root")
            there = self.folder.parent / "root/lib/modules/1.2.3/kernel"
            self.assertEqual((there / "low-er.ko").read_bytes(), lower)
            for file in (self.folder / "kernel").iterdir():
                file.unlink()

    def test_none(self):
        with self.assertRaises(HostError):
            ModuleTree(self.folder)


class Key(unittest.TestCase):
    """A kept state fits wherever its image lies."""

    def test_place(self):
        with mock.patch.object(state, "version", lambda: "QEMU"), \
                mock.patch.object(state, "manifest", dict):
            here = state.key(Machine("tcg", False))
            with mock.patch("xenhost.qemu.IMAGE", Path("/there")), \
                    mock.patch.object(state, "IMAGE", Path("/there")):
                self.assertEqual(state.key(Machine("tcg", False)), here)
            self.assertNotEqual(state.key(Machine("tcg", True)), here)


class Order(unittest.TestCase):
    """The longest first: as they took last time, or as their heads say."""

    def test_order(self):
        tests = [GuestTest("short", "pvh"), GuestTest("new", "pv", timeout=500),
                 GuestTest("long", "pvh"), GuestTest("longest", "pv")]
        with mock.patch.object(guesttest, "_read_times",
                               lambda: {"short.pvh": 3, "long.pvh": 60, "longest.pv": 700}):
            found = [test.name for test in guesttest._longest_first(tests)]
        self.assertEqual(found, ["longest", "new", "long", "short"])


class Inventory(unittest.TestCase):
    """What a test leaves behind is seen; who asks is not."""

    def take(self, domains=(0,), names=()):
        return inventory.take(lambda path: names if path == "/local/domain" else [], domains)

    def test_domain_and_entry(self):
        before = self.take()
        self.assertLessEqual({"domain 7", "xenstore /local/domain/7"},
                             self.take((0, 7), ("7",)) - before)

    def test_process(self):
        before = self.take()
        with subprocess.Popen(["cat", "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as process:
            process.stdin.write(b"are you there\n")
            process.stdin.flush()
            process.stdout.readline()   # before it runs, its command line can be empty
            more = [line for line in self.take() - before if f"process {process.pid}:" in line]
        self.assertEqual(more, [f"process {process.pid}: cat - "])


if __name__ == "__main__":
    program = unittest.main(exit=False, argv=[sys.argv[0], *sys.argv[1:]])
    if not program.result.wasSuccessful():
        sys.exit(1)
    print(f"[  PASSED  ] {program.result.testsRun} test(s).")
