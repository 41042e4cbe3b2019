# SPDX-License-Identifier: MIT
"""Where the host's sources, products and kept states lie."""

import os
from pathlib import Path

from .suite import chosen

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = Path(os.environ.get("XENHOST_BUILD", ROOT / "build"))

DOM0_FILES = HERE / "dom0"          # files of ours that go into dom0
PACKAGE_LIST = HERE / "packages.txt"

SUITE = chosen()                    # which release the host is made of
HOST = BUILD / "host"
DEBS = HOST / "debs"                # downloaded packages of all suites, kept
OF_SUITE = HOST / SUITE.name
APT = OF_SUITE / "apt"              # private apt state: lists, cache, sources
IMAGE = OF_SUITE / "image"          # xen, vmlinuz, initrd, root.ext4, manifest.json
STATES = OF_SUITE / "states"        # booted states, one folder a key

# What the build leaves: APP.elf, APP.cfg, APP.img; a second compiler has a place of its own.
OUT = Path(os.environ.get("XENHOST_OUT", BUILD / "out"))
TEST_LOGS = OUT.parent / "test" / "guest" / SUITE.name
GUEST_TESTS = ROOT / "test" / "guest"
