# SPDX-License-Identifier: MIT
"""For each line "GROUP COUNT": that many datagrams to port 5000 of the group, by eth0; then "sent"."""
import socket
import sys

INDEX = socket.if_nametoindex("eth0")
SIX = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
SIX.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, INDEX)
FOUR = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
FOUR.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                bytes(8) + INDEX.to_bytes(4, sys.byteorder))
for line in sys.stdin:
    group, count = line.split()
    for number in range(int(count)):
        (SIX if ":" in group else FOUR).sendto(number.to_bytes(4, "big"), (group, 5000))
    print("sent", flush=True)
