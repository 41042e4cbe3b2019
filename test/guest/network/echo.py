# SPDX-License-Identifier: MIT
"""UDP echo of one guest: datagrams of many sizes, one at a time, then a window of 16."""
import os
import socket
import sys

WINDOW = 16
SIZES = [0, 1, 2, 63, 512, 1471, 1472, 1473, 4000, 8000]

family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
guest = socket.socket(family, socket.SOCK_DGRAM)
guest.connect((sys.argv[1], 7))
guest.settimeout(5)

for size in SIZES:
    sent = os.urandom(size)
    guest.send(sent)
    try:
        if guest.recv(65536) != sent:
            sys.exit(f"a datagram of {size} bytes came back changed")
    except TimeoutError:
        sys.exit(f"a datagram of {size} bytes did not come back")

waiting = set()
for number in range(100):
    if len(waiting) == WINDOW:
        waiting.remove(guest.recv(65536))
    datagram = number.to_bytes(64, "big")
    guest.send(datagram)
    waiting.add(datagram)
while waiting:
    waiting.remove(guest.recv(65536))
