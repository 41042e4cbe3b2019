# SPDX-License-Identifier: MIT
"""Where the host's sources, products and kept states lie."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = Path(os.environ.get("XENHOST_BUILD", ROOT / "build"))

DOM0_FILES = HERE / "dom0"          # files of ours that go into dom0
PACKAGE_LIST = HERE / "packages.txt"

HOST = BUILD / "host"
APT = HOST / "apt"                  # private apt state: lists, cache, sources
DEBS = HOST / "debs"                # downloaded packages, kept
IMAGE = HOST / "image"              # xen, vmlinuz, initrd, root.ext4, manifest.json
STATES = HOST / "states"            # booted states, one folder a key

# What the build leaves: APP.elf, APP.cfg, APP.img; a second compiler has a place of its own.
OUT = Path(os.environ.get("XENHOST_OUT", BUILD / "out"))
TEST_LOGS = OUT.parent / "test" / "guest"
GUEST_TESTS = ROOT / "test" / "guest"
