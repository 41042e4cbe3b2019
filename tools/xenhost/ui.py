# SPDX-License-Identifier: MIT
"""Messages for people, and the one exception that ends a command with one line."""

import sys
import time
from contextlib import contextmanager
from typing import Iterator


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
