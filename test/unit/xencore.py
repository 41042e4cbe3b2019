#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/xencore on dumps made here: what it finds in good ones, of PVH and PV guests, and that
bad ones, truncated or nonsense, end in one clear error."""

import io
import contextlib
import struct
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from xencore import CoreError                       # noqa: E402
from xencore.dump import CONTEXT_SIZE, Dump         # noqa: E402
from xencore.main import main                       # noqa: E402
from xencore.memory import Memory                   # noqa: E402

PAGE = 4096
TEXT_ADDRESS, DATA_ADDRESS, STACK_ADDRESS = 0x10000, 0x20000, 0x100000000000
TEXT = bytes(range(256)) * 2
HEAD, CURRENT, FRAME = DATA_ADDRESS, DATA_ADDRESS + 16, DATA_ADDRESS + 24
RUNNER, SLEEPER = DATA_ADDRESS + 256, DATA_ADDRESS + 512
OFFSETS = {"thread.self": 0, "thread.stack_pointer": 8, "thread.name": 16, "thread.all_link": 24}


def elf(kind, sections):
    """An ELF file of (name, type, address, entry size, content)."""
    names = b"\0"
    body, table = b"", [struct.pack("<IIQQQQIIQQ", *[0] * 10)]
    sections = [*sections, (".shstrtab", 3, 0, 0, None)]
    places = []
    for name, *_ in sections:
        places.append(len(names))
        names += name.encode() + b"\0"
    for place, (name, section_type, address, entry_size, content) in zip(places, sections):
        content = names if content is None else content
        body += bytes(-len(body) % 16)
        table.append(struct.pack("<IIQQQQIIQQ", place, section_type, 0, address, 64 + len(body),
                                 len(content), 0, 0, 16, entry_size))
        body += content
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", kind, 62, 1, 0, 0,
                       64 + len(body), 0, 64, 56, 0, 64, len(table), len(table) - 1)
    return head + body + b"".join(table)


def image():
    """IMAGE.elf.debug with the symbols that matter."""
    symbols = {"layout_all_threads": HEAD, "layout_current": CURRENT, "crash_frame": FRAME,
               **{f"layout.{name}": offset for name, offset in OFFSETS.items()}}
    table, strings = struct.pack("<IBBHQQ", *[0] * 6), b"\0"
    for name, value in symbols.items():
        table += struct.pack("<IBBHQQ", len(strings), 1 << 4, 0, 1, value, 0)
        strings += name.encode() + b"\0"
    return elf(2, [(".text", 1, TEXT_ADDRESS, 0, TEXT), (".symtab", 2, 0, 24, table),
                   (".strtab", 3, 0, 0, strings)])


def words(*numbers):
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def put(page, offset, content):
    page[offset:offset + len(content)] = content


def data_page():
    """Two threads: "runner" has the vCPU, "sleeper" is parked."""
    page = bytearray(PAGE)
    link = OFFSETS["thread.all_link"]
    put(page, 0, words(RUNNER + link, SLEEPER + link, RUNNER, 0))
    put(page, 256, words(RUNNER, 0, DATA_ADDRESS + 1024, SLEEPER + link, HEAD))
    put(page, 512, words(SLEEPER, STACK_ADDRESS + 64, DATA_ADDRESS + 1040, HEAD, RUNNER + link))
    put(page, 1024, b"runner\0")
    put(page, 1040, b"sleeper\0")
    return page


def guest():
    """Pages by the number that the page tables use: tables 1 to 7, text 16, data 32, stack 48."""
    pages = {number: bytearray(PAGE) for number in (1, 2, 3, 4, 5, 6, 7, 16, 32, 48)}
    put(pages[1], 0, words(2 << 12 | 3))
    put(pages[2], 0, words(3 << 12 | 3))
    put(pages[3], 0, words(4 << 12 | 3))
    put(pages[4], 8 * 16, words(16 << 12 | 1))
    put(pages[4], 8 * 32, words(32 << 12 | 3 | 1 << 63))
    put(pages[1], 8 * 32, words(5 << 12 | 3))
    put(pages[5], 0, words(6 << 12 | 3))
    put(pages[6], 0, words(7 << 12 | 3))
    put(pages[7], 0, words(48 << 12 | 3 | 1 << 63))
    put(pages[16], 0, TEXT)
    pages[32] = data_page()
    put(pages[48], 64, words(0, 15, 14, 13, 12, 3, 6, TEXT_ADDRESS + 5))
    return pages


def dump(pages, pv=False, cr3=1 << 12, extra_frames=()):
    context = bytearray(CONTEXT_SIZE)
    struct.pack_into("<Q", context, 5008, cr3)
    struct.pack_into("<Q", context, 520 + 16 * 8, TEXT_ADDRESS + 9)
    frames = [*pages, *extra_frames]
    table = (".xen_p2m", words(*[n for frame in frames for n in (frame + 1000, frame)])) if pv \
        else (".xen_pfn", words(*frames))
    return elf(4, [(".xen_prstatus", 1, 0, CONTEXT_SIZE, bytes(context)),
                   (".xen_pages", 1, 0, PAGE, b"".join(bytes(p) for p in pages.values())),
                   (table[0], 1, 0, 16 if pv else 8, table[1])])


class Folder(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)
        (self.folder / "image").write_bytes(image())

    def run_tool(self, content, image_content=None):
        """(status, what it printed, what it said) for a dump of this content."""
        (self.folder / "dump").write_bytes(content)
        if image_content is not None:
            (self.folder / "image").write_bytes(image_content)
        out, said = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
            status = main([str(self.folder / name) for name in ("dump", "image")])
        return status, out.getvalue(), said.getvalue()

    def refuse(self, content, reason, image_content=None):
        status, _, said = self.run_tool(content, image_content)
        self.assertEqual(status, 1)
        self.assertRegex(said, reason)
        self.assertEqual(said.count("\n"), 1)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["dump", "image"])

    def core(self):
        """The core's segments as {address: bytes} and its notes as [(type, content)]."""
        data = (self.folder / "dump.gdb").read_bytes()
        count = struct.unpack_from("<H", data, 56)[0]
        segments, notes = {}, []
        for i in range(count):
            kind, _, offset, address, _, size, _, _ = struct.unpack_from("<IIQQQQQQ", data,
                                                                         64 + 56 * i)
            if kind == 1:
                segments[address] = data[offset:offset + size]
                continue
            end = offset + size
            while offset < end:
                _, length, note = struct.unpack_from("<III", data, offset)
                notes.append((note, data[offset + 20:offset + 20 + length]))
                offset += 20 + length
        return segments, notes


class Good(Folder):
    def check_threads(self):
        segments, notes = self.core()
        self.assertEqual(sorted(segments), [TEXT_ADDRESS, DATA_ADDRESS, STACK_ADDRESS])
        self.assertTrue(segments[TEXT_ADDRESS].startswith(TEXT))
        self.assertEqual([len(content) for _, content in notes], [136, 336, 336])
        runner, sleeper = (struct.unpack_from("<27Q", content, 112) for _, content in notes[1:])
        self.assertEqual(runner[16], TEXT_ADDRESS + 9)
        self.assertEqual(sleeper[16], TEXT_ADDRESS + 5)
        self.assertEqual(sleeper[19], STACK_ADDRESS + 128)
        self.assertEqual(sleeper[:6], (15, 14, 13, 12, 6, 3))
        self.assertEqual((runner[21], sleeper[21]), (RUNNER, SLEEPER))

    def test_pvh(self):
        status, out, said = self.run_tool(dump(guest()))
        self.assertEqual((status, said), (0, ""))
        self.assertIn("1 runner, 2 sleeper", out)
        self.check_threads()

    def test_pv(self):
        pages = guest()
        put(pages[1], 8 * 258, words(1 << 12 | 3))      # Xen's own slot leads to the table itself
        status, _, said = self.run_tool(dump(pages, pv=True))
        self.assertEqual((status, said), (0, ""))
        self.check_threads()

    def test_crash_frame(self):
        pages = guest()
        frame = [0] * 22
        frame[15], frame[17], frame[20] = 14, TEXT_ADDRESS + 77, STACK_ADDRESS + 8
        put(pages[32], 24, words(DATA_ADDRESS + 2048))
        put(pages[32], 2048, words(*frame))
        self.run_tool(dump(pages))
        runner = self.core()[1][1][1]
        self.assertEqual(struct.unpack_from("<h", runner, 12)[0], 11)
        self.assertEqual(struct.unpack_from("<27Q", runner, 112)[16], TEXT_ADDRESS + 77)

    def test_large_pages(self):
        pages = guest()
        put(pages[3], 8 * 5, words(3 | 1 << 7))         # 2 MiB at 10 MiB, of which a few pages exist
        self.assertEqual(self.run_tool(dump(pages))[0], 0)
        self.assertIn(0xa00000 + 16 * PAGE, self.core()[0])

    def test_broken_list(self):
        pages = guest()
        put(pages[32], 256 + 24, words(0x7000))
        status, out, said = self.run_tool(dump(pages))
        self.assertEqual(status, 0)
        self.assertIn("1 runner", out)
        self.assertIn("the list of threads is broken", said)

    def test_list_in_circles(self):
        pages = guest()
        put(pages[32], 512 + 24, words(RUNNER + 24))
        status, _, said = self.run_tool(dump(pages))
        self.assertEqual(status, 0)
        self.assertIn("the list of threads is broken", said)


class Bad(Folder):
    def test_truncated_anywhere(self):
        whole = dump(guest())
        for length in [*range(0, 200), *range(200, len(whole), 977), len(whole) - 1]:
            with self.subTest(length=length):
                self.refuse(whole[:length], "truncated|no ELF file|no usable section")

    def test_foreign(self):
        self.refuse(b"MZ" + bytes(5000), "no ELF file")
        self.refuse(elf(4, []), "not one that Xen wrote")
        self.refuse(image(), "ELF type 2, expected 4")
        self.refuse(dump(guest()), "ELF type 4, expected 2", dump(guest()))
        whole = bytearray(dump(guest()))
        whole[18] = 40                                  # another machine
        self.refuse(bytes(whole), "not for x86-64")

    def test_other_image(self):
        self.refuse(dump(guest()), "is not the image that ran",
                    image().replace(TEXT, bytes(reversed(TEXT))))

    def test_absurd_sizes(self):
        whole = dump(guest())
        table = struct.unpack_from("<Q", whole, 40)[0]
        for section in range(1, 5):
            for field, number in ((24, 1 << 63), (32, (1 << 64) - 1), (32, 1 << 40), (32, 12345)):
                bad = bytearray(whole)
                struct.pack_into("<Q", bad, table + 64 * section + field, number)
                with self.subTest(section=section, field=field, number=number):
                    self.refuse(bytes(bad), "dump: ")
        for place, number in ((58, 0xffff), (60, 0xffff), (62, 0xffff), (60, 0)):
            bad = bytearray(whole)
            struct.pack_into("<H", bad, place, number)
            with self.subTest(place=place):
                self.refuse(bytes(bad), "dump: ")

    def test_frames(self):
        self.refuse(dump(guest(), extra_frames=[99]), "11 frame numbers for 10 pages")

    def test_no_page_tables(self):
        self.refuse(dump(guest(), cr3=0x123456000), "nothing is mapped")

    def test_tables_in_circles(self):
        pages = guest()
        for i in range(512):
            put(pages[1], 8 * i, words(1 << 12 | 3))
        self.refuse(dump(pages), "circles|far more")

    def test_tables_map_too_much(self):
        pages = guest()
        for i in range(512):
            put(pages[3], 8 * i, words(3 | 1 << 7))
        self.refuse(dump(pages), "far more")

    def test_random_bytes(self):
        """Any byte may be wrong: no exception but the tool's own."""
        whole = dump(guest())
        for place in range(0, len(whole), 251):
            bad = bytearray(whole)
            bad[place] ^= 0xff
            (self.folder / "dump").write_bytes(bad)
            with open(self.folder / "dump", "rb") as stream, contextlib.suppress(CoreError):
                found = Dump(stream, "dump")
                Memory(found, found.cr3)
            self.run_tool(bytes(bad))


if __name__ == "__main__":
    program = unittest.main(exit=False, argv=[sys.argv[0], *sys.argv[1:]])
    if not program.result.wasSuccessful():
        sys.exit(1)
    print(f"[  PASSED  ] {program.result.testsRun} test(s).")
