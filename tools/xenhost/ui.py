# SPDX-License-Identifier: MIT
"""Messages, errors, time limits, and folders that do not outlive the command."""

import os
import re
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

PREFIX = "xenhost-"
LONGEST = 60                        # of a folder that holds sockets, whose names are bounded


class HostError(Exception):
    """Something failed; the text says what, and what to do about it."""


def say(text: str) -> None:
    """Print one line of progress at once, also into a pipe."""
    print(f"[host] {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Say what begins and, when it took long, how long it took."""
    say(text + " ...")
    start = time.monotonic()
    yield
    seconds = time.monotonic() - start
    if seconds >= 3:
        say(f"  done in {seconds:.0f} s")


class Deadline:
    """A point in monotonic time that a wait must not pass."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def left(self) -> float:
        return max(0.0, self.end - time.monotonic())

    def passed(self) -> bool:
        return time.monotonic() >= self.end


def scratch_folder() -> Path:
    """A new folder for one run.  Those of runs that were killed are removed on the way."""
    base = Path(tempfile.gettempdir())
    if len(str(base)) > LONGEST:
        base = Path("/tmp")
    for old in base.glob(PREFIX + "*"):
        owner = re.match(PREFIX + r"(\d+)-", old.name)
        if owner and not os.path.exists(f"/proc/{owner.group(1)}"):
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base))
