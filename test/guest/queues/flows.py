# SPDX-License-Identifier: MIT
"""UDP echo of one guest by many flows: in each, the datagrams of a burst come back in their order."""
import socket
import sys

FLOWS = 64  # so many that none of four queues is left out
BURST = 4

flows = []
for _ in range(FLOWS):
    flow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    flow.connect((sys.argv[1], 7))
    flow.settimeout(10)
    flows.append(flow)
for flow in flows:
    for number in range(BURST):
        flow.send(bytes([number]) * 64)
    for number in range(BURST):
        try:
            if flow.recv(100) != bytes([number]) * 64:
                sys.exit("datagrams of one flow have overtaken each other")
        except TimeoutError:
            sys.exit("a datagram did not come back")
