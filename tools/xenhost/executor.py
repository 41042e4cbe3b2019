# SPDX-License-Identifier: MIT
"""Host side of the executor: runs scripts in dom0 over the virtio-serial port.

The messages are described in dom0/root/usr/lib/xenhost/executor, their other end.
"""

import select
import socket
import time
from typing import Callable

from .ui import Deadline, HostError

TIMED_OUT = 124                     # the status of a script that was killed for its time
NUDGE_AFTER = 0.5                   # seconds of silence


class Executor:
    """A connection to dom0's executor.

    nudge       interrupt a machine that is silent: QEMU's TCG may lose an interrupt (README.md)
    """

    def __init__(self, plug: socket.socket, alive: Callable[[], None], nudge: bool) -> None:
        self._plug = plug
        self._alive = alive         # raises when QEMU is gone
        self._nudge = nudge
        self._buffer = b""
        self.wake: Callable[[], bool] = lambda: False    # asked now and then: True ends sh()

    def close(self) -> None:
        self._plug.close()

    def _send(self, kind: bytes, data: bytes = b"") -> None:
        self._plug.settimeout(30)
        try:
            self._plug.sendall(b"%s %d\n%s" % (kind, len(data), data))
        except OSError as error:
            self._alive()
            raise HostError(f"dom0's executor takes no message: {error}") from None

    def _parse(self) -> tuple[bytes, bytes] | None:
        line, separator, rest = self._buffer.partition(b"\n")
        if not separator:
            return None
        kind, length = line.split()
        if len(rest) < int(length):
            return None
        self._buffer = rest[int(length):]
        return kind, rest[:int(length)]

    def _receive(self, deadline: Deadline) -> tuple[bytes, bytes] | None:
        """The next message, or None when the time is up."""
        while (message := self._parse()) is None:
            if deadline.passed() or self.wake():
                return None
            if not select.select([self._plug], [], [], min(NUDGE_AFTER, deadline.left()))[0]:
                self._alive()
                if self._nudge:
                    self._send(b"N")
                continue
            data = self._plug.recv(65536)
            if not data:
                time.sleep(0.1)
                self._alive()
                raise HostError("dom0's executor hung up")
            self._buffer += data
        return message

    def wait_up(self, seconds: float) -> bool:
        """Wait for the executor's first message."""
        message = self._receive(Deadline(seconds))
        return message is not None and message[0] == b"U"

    def sh(self, script: str, timeout: float, sink: Callable[[bytes], None] | None = None
           ) -> tuple[int, str]:
        """Run a bash script in dom0, in /payload; returns its status and its output.

        sink gets the output as it comes.  A script that is not done in time is killed
        with its process group, and the status is TIMED_OUT.
        """
        output = b""
        deadline = Deadline(timeout)
        killed = False
        self._send(b"R", script.encode())
        while True:
            message = self._receive(deadline)
            if message is None:
                if killed:
                    raise HostError("dom0 does not answer any more")
                self._send(b"K")
                killed, deadline, self.wake = True, Deadline(30), lambda: False
            elif message[0] == b"O":
                output += message[1]
                if sink is not None:
                    sink(message[1])
            elif message[0] == b"X":
                status = TIMED_OUT if killed else int(message[1])
                return status, output.decode(errors="replace")
