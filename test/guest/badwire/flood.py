# SPDX-License-Identifier: MIT
"""Sends frames of 60 bytes to a guest's UDP echo, as fast as they go: how many came back."""
import socket
import sys

SO_RCVBUFFORCE = 33 # Python's module does not name it

COUNT = int(sys.argv[2])
guest = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
guest.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
guest.connect((sys.argv[1], 7))
for number in range(COUNT):
    guest.send(number.to_bytes(18, "big"))

seen = set()
guest.settimeout(2)
try:
    while len(seen) < COUNT:
        seen.add(guest.recv(100))
except TimeoutError:
    pass
print(len(seen))
