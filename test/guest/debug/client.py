# SPDX-License-Identifier: MIT
"""gdb's side of the remote protocol, as far as the test needs it: client.py live|crash PORT TYPE."""

import socket
import struct
import sys
import time

from xencore.image import Image

TRAP, INTERRUPT, SEGV = "S05", "S02", "S0b"
RIP, RAX = 16, 0                    # places in the answer to "g"


def check(what, good):
    print(f"{'ok' if good else 'FAIL'}: {what}", flush=True)
    if not good:
        sys.exit(1)


class Gdb:
    def __init__(self, port, symbols):
        self.plug = socket.create_connection(("127.0.0.1", port), 30)
        self.plug.settimeout(60)
        self.symbols = symbols
        self.buffer = b""

    def send(self, text):
        data = text.encode()
        self.plug.sendall(b"$%s#%02x" % (data, sum(data) & 255))

    def reply(self):
        while self.buffer.count(b"#") == 0 or len(self.buffer) < self.buffer.index(b"#") + 3:
            data = self.plug.recv(65536)
            if not data:
                check("gdbserver is there", False)
            self.buffer += data
        start, end = self.buffer.index(b"$"), self.buffer.index(b"#")
        text, self.buffer = self.buffer[start + 1:end].decode(), self.buffer[end + 3:]
        self.plug.sendall(b"+")
        return text

    def ask(self, text):
        self.send(text)
        return self.reply()

    def give_symbols(self):
        answer = self.ask("qSymbol::")
        while answer.startswith("qSymbol:"):
            name = answer.split(":")[1]
            value = self.symbols[bytes.fromhex(name).decode()]
            answer = self.ask(f"qSymbol:{value:x}:{name}")
        check("symbols were asked for", answer == "OK")

    def registers(self):
        return list(struct.unpack("<17Q", bytes.fromhex(self.ask("g")[:17 * 16])))

    def rip(self):
        return self.registers()[RIP]

    def memory(self, address, size):
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))


def start(gdb, symbols):
    """To main()."""
    main = symbols["main"]
    check("it stands still", gdb.ask("?") == TRAP)
    check("at its first instruction", gdb.rip() == symbols[f"{sys.argv[3]}_entry"])
    gdb.give_symbols()
    before = gdb.memory(main, 16)
    check("a breakpoint", gdb.ask(f"Z0,{main:x},1") == "OK")
    check("is reached", gdb.ask("c") == TRAP and gdb.rip() == main)
    check("does not show in memory", gdb.memory(main, 16) == before)
    check("is removed", gdb.ask(f"z0,{main:x},1") == "OK")
    check("unmapped memory is an error", gdb.ask("m8,8") == "E01")


def live(gdb, symbols):
    start(gdb, symbols)
    place = gdb.rip()
    for _ in range(3):
        check("a step", gdb.ask("s") == TRAP)
        check("goes on", gdb.rip() != place)
        place = gdb.rip()
    registers = gdb.registers()
    changed = [0x1234567890abcdef, *registers[1:]]
    rest = gdb.ask("g")[17 * 16:]
    answer = gdb.ask("G" + struct.pack("<17Q", *changed).hex() + rest)
    check("registers are written", answer == "OK")
    check("and read", gdb.registers() == changed)
    gdb.ask("G" + struct.pack("<17Q", *registers).hex() + rest)
    check("a second breakpoint", gdb.ask(f"Z0,{symbols['sleep']:x},1") == "OK")
    check("is reached", gdb.ask("c") == TRAP and gdb.rip() == symbols["sleep"])
    gdb.ask(f"z0,{symbols['sleep']:x},1")
    gdb.send("c")
    time.sleep(3)
    gdb.plug.sendall(b"\3")
    check("an interrupt", gdb.reply() == INTERRUPT)
    current = struct.unpack("<Q", gdb.memory(symbols["layout_current"], 8))[0]
    check("a thread", struct.unpack("<Q", gdb.memory(current, 8))[0] == current)
    gdb.ask(f"Z0,{symbols['sleep']:x},1")
    check("leaving", gdb.ask("D") == "OK")


def crash(gdb, symbols):
    start(gdb, symbols)
    check("the crash is told", gdb.ask("c") == SEGV)
    text = symbols["image_start"]
    check("where it happened", text < gdb.rip() < symbols["text_end"])
    check("rax was the bad address", gdb.registers()[RAX] == 8)
    gdb.send("k")


def run():
    with open("crash.elf.debug", "rb") as stream:
        symbols = Image(stream, "crash.elf.debug").symbols
    {"live": live, "crash": crash}[sys.argv[1]](Gdb(int(sys.argv[2]), symbols), symbols)


run()
