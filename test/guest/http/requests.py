# SPDX-License-Identifier: MIT
"""httpd's answers to requests that curl would not send, each over a connection of its own."""
import socket
import sys
import time

HOST = b"Host: test\r\n"
END = b"\r\n"

REFUSED = [
    # what it is, the request, the status
    ("no such method's syntax", b"G@T / HTTP/1.1\r\n" + HOST + END, 400),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", b"GET / HTTP/1.1\r\n" + HOST + HOST + END, 400),
    ("bare line feeds", b"GET / HTTP/1.1\nHost: test\n\n", 400),
    ("NUL in the head", b"GET / HTTP/1.1\r\nHost: te\0st\r\n\r\n", 400),
    ("a folded line", b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n", 400),
    ("a blank before the colon", b"GET / HTTP/1.1\r\nHost : test\r\n\r\n", 400),
    ("length and chunks", b"GET / HTTP/1.1\r\n" + HOST +
     b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("a way out of the root", b"GET /../../etc HTTP/1.1\r\n" + HOST + END, 400),
    ("an encoded way out", b"GET /%2e%2e/%2e%2e/dev/xvda HTTP/1.1\r\n" + HOST + END, 400),
    ("a half-encoded way out", b"GET /files/..%2f..%2fdev HTTP/1.1\r\n" + HOST + END, 400),
    ("backslashes", b"GET /..\\..\\dev HTTP/1.1\r\n" + HOST + END, 400),
    ("an encoded NUL", b"GET /index.html%00.txt HTTP/1.1\r\n" + HOST + END, 400),
    ("nonsense", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ("a name with a dot", b"GET /.hidden HTTP/1.1\r\n" + HOST + END, 404),
    ("POST", b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", 405),
    ("DELETE", b"DELETE /index.html HTTP/1.1\r\n" + HOST + END, 405),
    ("a long body", b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n", 413),
    ("a long target", b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST + END, 414),
    ("an unknown expectation", b"GET / HTTP/1.1\r\n" + HOST + b"Expect: tea\r\n\r\n", 417),
    ("many fields", b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 100 + END, 431),
    ("a long field", b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 9000 + b"\r\n\r\n", 431),
    ("another coding", b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    ("HTTP/2.0", b"GET / HTTP/2.0\r\n" + HOST + END, 505),
]


def connect():
    """A connection to the server that the command line names."""
    return socket.create_connection((sys.argv[1], 80), timeout=10)


def everything(connection):
    """All bytes up to the end of the connection, after ours has said that it sends no more."""
    answer = b""
    try:
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65536):
            answer += piece
    except (BrokenPipeError, ConnectionResetError):
        pass
    return answer


def refused():
    """Each bad request gets its status; those that are dangerous end the connection."""
    wrong = 0
    for what, request, status in REFUSED:
        with connect() as connection:
            connection.sendall(request)
            answer = connection.recv(65536)
            if not answer.startswith(b"HTTP/1.1 %d " % status):
                print(f"{what}: expected {status}, got {answer[:60]!r}")
                wrong += 1
            if status == 400 and everything(connection).count(b"HTTP/1.") > 0:
                print(f"{what}: a second answer")
                wrong += 1
    return wrong


def pipelined():
    """Twenty requests in one piece, then one byte by byte: answers in order."""
    paths = [b"/612.html", b"/healthz", b"/none", b"/files/about.txt"] * 5
    request = b"".join(b"GET %s HTTP/1.1\r\n%s\r\n" % (path, HOST) for path in paths)
    last = b"GET /healthz HTTP/1.1\r\nConnection: close\r\n" + HOST + END
    with connect() as connection:
        connection.sendall(request)
        for number in range(0, len(last), 7):
            connection.send(last[number:number + 7])
        answer = everything(connection)
    found = [int(part[1:4]) for part in answer.split(b"HTTP/1.1")[1:]]
    wanted = [200, 200, 404, 200] * 5 + [200]
    if found != wanted:
        print(f"pipelined: {found}")
    return found != wanted


def together(count):
    """So many connections open at once, each answered twice, while all stay open.

    The last one fills the server's table when the others have been idle for long enough to be
    closed for a newcomer; but there is none.
    """
    connections = [connect() for _ in range(count - 1)]
    time.sleep(1.2)
    connections.append(connect())
    wrong = 0
    for _ in range(2):
        for connection in connections:
            connection.sendall(b"GET /612.html HTTP/1.1\r\n" + HOST + END)
        for connection in connections:
            answer = b""
            while b"\r\n\r\n" not in answer or len(answer.partition(b"\r\n\r\n")[2]) < 612:
                piece = connection.recv(65536)
                if not piece:
                    break
                answer += piece
            wrong += not answer.startswith(b"HTTP/1.1 200 ")
    for connection in connections:
        connection.close()
    if wrong:
        print(f"{wrong} of {2 * count} requests failed")
    return wrong


def unfinished(count):
    """So many connections with half a request each: a further one is told 503, and they 408."""
    connections = [connect() for _ in range(count)]
    wrong = 0
    for connection in connections:
        connection.sendall(b"GET /612.html HTTP/1.1\r\n")
    with connect() as connection:
        connection.sendall(b"GET /612.html HTTP/1.1\r\n" + HOST + END)
        answer = connection.recv(65536)
        if not answer.startswith(b"HTTP/1.1 503 ") or b"Retry-After: " not in answer:
            print(f"one too many: expected 503, got {answer[:60]!r}")
            wrong += 1
    for connection in connections:
        connection.settimeout(30)
        wrong += not connection.recv(65536).startswith(b"HTTP/1.1 408 ")
        connection.close()
    if wrong:
        print(f"{wrong} of {count + 1} unfinished or superfluous requests had another answer")
    return wrong


sys.exit(1 if refused() + pipelined() + together(200) + unfinished(200) else 0)
