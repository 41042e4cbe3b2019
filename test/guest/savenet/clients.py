#!/usr/bin/python3 -BS
# SPDX-License-Identifier: MIT
"""clients.py ADDRESS: two clients of httpd, each on one connection that has to last, while the
guest is saved, restored and migrated. One asks for /small ten times a second and counts the
answers in the file "answered"; the other downloads /big a little at a time, again and again. What
they get must be what www/ holds. They end after the download in hand when the file "stop" appears.
"""

import os
import select
import socket
import sys
import time

PERIOD, PIECE, PATIENCE = 0.1, 20000, 60
ADDRESS = sys.argv[1]


def give_up(text):
    sys.exit(f"clients.py: {text}")


class Client:
    """Asks for a file over and over; at most `piece` bytes of it are taken each period."""

    def __init__(self, name, piece):
        with open(f"www/{name}", "rb") as stream:
            self.wanted = stream.read()
        self.name, self.piece, self.count = name, piece, 0
        self.plug = socket.socket()
        self.plug.settimeout(PATIENCE)
        # A large buffer would stay full, and the window closed, for longer than httpd waits.
        self.plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.plug.connect((ADDRESS, 80))
        self.received, self.waits = b"", False

    def turn(self):
        if not self.waits and not os.path.exists("stop"):
            self.plug.sendall(f"GET /{self.name} HTTP/1.1\r\nHost: guest\r\n\r\n".encode())
            self.received, self.waits = b"", True
            self.since = time.monotonic()

    def take(self):
        data = self.plug.recv(self.piece)
        if not data:
            give_up(f"the connection for /{self.name} was closed")
        self.since = time.monotonic()
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator or len(body) < len(self.wanted):
            return
        if b" 200 " not in head[:20] or body != self.wanted:
            give_up(f"/{self.name} came wrong: {head[:40]!r}, {len(body)} bytes")
        self.waits = False
        self.count += 1

    def late(self):
        return self.waits and time.monotonic() > self.since + PATIENCE


small, big = Client("small", 65536), Client("big", PIECE)
while not os.path.exists("stop") or small.waits or big.waits:
    hurry = os.path.exists("stop")
    end = time.monotonic() + PERIOD
    small.turn()
    big.turn()
    ready = [big.plug] if big.waits else []
    while (left := end - time.monotonic()) > 0 and (small.waits or ready):
        found = select.select(([small.plug] if small.waits else []) + ready, [], [], left)[0]
        if small.plug in found:
            small.take()
        if big.plug in found:
            big.take()
            ready = ready if hurry and big.waits else []
    if not hurry:
        time.sleep(max(0, end - time.monotonic()))
    with open("answered.new", "w", encoding="ascii") as stream:
        stream.write(f"{small.count}\n")
    os.rename("answered.new", "answered")
    for client in (small, big):
        if client.late():
            give_up(f"no answer for /{client.name} in {PATIENCE} s")
print(f"{small.count} pages, {big.count} downloads")
