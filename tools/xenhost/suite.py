# SPDX-License-Identifier: MIT
"""The Debian releases that the host can be made of, and all that differs between them.

XENHOST_SUITE in the environment chooses one by its name; without it, it is the first. A kernel's
compression and its modules' are not in the table: prepare.py and initrd.py look at the files.
"""

import os
from dataclasses import dataclass

from .ui import HostError


@dataclass(frozen=True)
class Suite:
    """A release of Debian, and the versions that stand in the names of its packages and files."""
    name: str
    debian: str
    xen: str
    python: str
    perl: str

    def fill(self, text: str) -> str:
        """The text with {xen}, {python} and {perl} replaced by the versions."""
        return text.format(**vars(self))


SUITES = {suite.name: suite for suite in (
    Suite("bookworm", debian="12", xen="4.17", python="3.11", perl="5.36"),
    Suite("trixie", debian="13", xen="4.20", python="3.13", perl="5.40"),
)}
DEFAULT = next(iter(SUITES))


def chosen() -> Suite:
    """The suite that the environment names."""
    name = os.environ.get("XENHOST_SUITE") or DEFAULT
    if name not in SUITES:
        raise HostError(f"XENHOST_SUITE={name}: there are {', '.join(SUITES)}")
    return SUITES[name]
