# SPDX-License-Identifier: MIT
"""clients.py ADDRESS PATH COUNT STALLED CRC: COUNT downloads that begin together, each checked, beside
STALLED clients that ask for the same file and never read. Prints how long all of them took."""
import selectors
import socket
import sys
import time
import zlib

ADDRESS, PATH, COUNT, STALLED, CRC = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
LIMIT = 150  # seconds for all


class Download:
    def __init__(self, selector):
        self.socket = connect()
        self.head, self.sum, self.length = b"", 0, 0
        selector.register(self.socket, selectors.EVENT_READ, self)

    def take(self):
        """False at the end."""
        piece = self.socket.recv(262144)
        if not piece:
            return False
        if b"\r\n\r\n" not in self.head:
            self.head += piece
            if b"\r\n\r\n" not in self.head:
                return True
            piece = self.head.split(b"\r\n\r\n", 1)[1]
        self.sum = zlib.crc32(piece, self.sum)
        self.length += len(piece)
        return True

    def fault(self):
        if not self.head.startswith(b"HTTP/1.1 200 "):
            return f"answer {self.head[:40]!r}"
        if self.sum != CRC:
            return f"wrong sum after {self.length} bytes"
        return None


def connect():
    """A connection with a request sent."""
    connection = socket.socket()
    connection.settimeout(60)
    connection.connect((ADDRESS, 80))
    connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())
    return connection


def main():
    selector = selectors.DefaultSelector()
    stalled = []
    for _ in range(STALLED):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.connect((ADDRESS, 80))
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
        stalled.append(connection)
    begin = time.monotonic()
    downloads = [Download(selector) for _ in range(COUNT)]
    open("begun", "w").close()
    left, faults = COUNT, []
    while left > 0:
        for key, _ in selector.select(1):
            try:
                more = key.data.take()
                fault = None if more else key.data.fault()
            except OSError as error:
                more, fault = False, str(error)
            if more:
                continue
            if fault:
                faults.append(fault)
            selector.unregister(key.fileobj)
            key.fileobj.close()
            left -= 1
        if time.monotonic() - begin > LIMIT:
            got = sorted(key.data.length for key in selector.get_map().values())
            faults.append(f"{left} downloads not finished after {LIMIT} s, with {got} bytes")
            break
    for connection in stalled:
        connection.close()
    for fault in sorted(set(faults)):
        print(f"{fault} ({faults.count(fault)} times)")
    print(f"{COUNT} downloads in {time.monotonic() - begin:.1f} s")
    return 1 if faults else 0


sys.exit(main())
