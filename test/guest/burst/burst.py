# SPDX-License-Identifier: MIT
"""burst.py ADDRESS PATH COUNT: COUNT connections that begin together, each with a request, which are
answered within a minute."""
import selectors
import socket
import sys
import time

ADDRESS, PATH, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])


def main():
    selector = selectors.DefaultSelector()
    left, answered, refused = COUNT, 0, 0
    for _ in range(COUNT):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex((ADDRESS, 80))
        selector.register(connection, selectors.EVENT_WRITE)
    end = time.monotonic() + 60
    while left > 0 and time.monotonic() < end:
        for key, events in selector.select(1):
            connection = key.fileobj
            try:
                if events & selectors.EVENT_WRITE:
                    connection.send(f"GET {PATH} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
                    selector.modify(connection, selectors.EVENT_READ)
                    continue
                if connection.recv(65536):
                    answered += 1
                else:
                    refused += 1
            except OSError:
                refused += 1
            selector.unregister(connection)
            left -= 1
    print(f"{answered} answered, {refused} refused, {left} open")
    return 0 if answered == COUNT else 1


sys.exit(main())
