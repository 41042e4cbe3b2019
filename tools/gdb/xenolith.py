# SPDX-License-Identifier: MIT
"""gdb commands for Xenolith guests: cores made by tools/xencore, and live ones.

    gdb -x tools/gdb/xenolith.py IMAGE.elf.debug [CORE]

    xenolith threads        all threads: state, since when, stack use, where they stand
    xenolith thread NAME    look at a parked thread (bt, up, info locals); "off" ends it
    xenolith pages          the page allocator and the heap
    xenolith rings          the shared rings of disks and network cards
    xenolith log            the last log lines

The guest's structures are read by their debug information; what the guest has destroyed is
named, not followed.
"""

from typing import NamedTuple

import gdb
import gdb.unwinder

PAGE_SHIFT = 12
LIST_MAX = 10000
PARKED = ("r15", "r14", "r13", "r12", "rbx", "rbp", "rip")      # arch/x86_64/switch.S
ORDERS = 11


def value(expression):
    return gdb.parse_and_eval(expression)


def number(expression):
    return int(value(expression))


def type_of(name):
    return gdb.lookup_type(name)


def word(address):
    """Eight bytes of the guest."""
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8), "little")


def text(pointer):
    try:
        return pointer.string(errors="replace", length=-1)
    except (gdb.error, gdb.MemoryError):
        return "?"


def entries(head, kind, member):
    """The structs on an intrusive list (lib/base/list.h), given its head's address."""
    struct = type_of(kind)
    offset = struct[member].bitpos // 8
    node, seen = word(head), set()
    while node != head:
        if node in seen or len(seen) == LIST_MAX:
            print("the list is broken: it leads in circles")
            return
        seen.add(node)
        yield gdb.Value(node - offset).cast(struct.pointer()).dereference()
        node = word(node)


def symbol(name):
    """Address of a global of the kernel; the application cannot have one of its name."""
    return number(f"(unsigned long)&{name}")


class Threads:
    """What lib/sched/thread.c knows."""

    @staticmethod
    def current():
        return word(symbol("layout_current"))

    @staticmethod
    def all():
        return entries(symbol("layout_all_threads"), "struct thread", "all_link")

    @staticmethod
    def find(wanted):
        for thread in Threads.all():
            if wanted in (text(thread["name"]), hex(int(thread.address))):
                return thread
        raise gdb.GdbError(f"no thread has the name or address {wanted}")

    @staticmethod
    def parked(thread):
        """The registers that a thread which does not run has left on its stack."""
        stack = int(thread["stack_pointer"])
        registers = {name: word(stack + 8 + 8 * i) for i, name in enumerate(PARKED)}
        registers["rsp"] = stack + 8 * (1 + len(PARKED))
        return registers


def place(address):
    """"function (file:line)" of an address of code."""
    block = gdb.block_for_pc(address)
    while block is not None and block.function is None:
        block = block.superblock
    line = gdb.find_pc_line(address)
    name = block.function.name if block is not None else hex(address)
    return f"{name} ({line.symtab.filename}:{line.line})" if line.symtab else name


def caller_outside_scheduler(registers):
    """Where a parked thread stands, seen from outside of lib/sched."""
    instruction, frame = registers["rip"], registers["rbp"]
    if instruction == symbol("arch_thread_entry"):
        return "its first instruction"
    for _ in range(16):
        line = gdb.find_pc_line(instruction - 1)
        if not line.symtab or "lib/sched/" not in line.symtab.filename:
            break
        instruction, following = word(frame + 8), word(frame)
        if following <= frame:
            break
        frame = following
    return place(instruction - 1)


def state(thread):
    if int(thread.address) == Threads.current():
        return "runs"
    if thread["ready"]:
        return "is ready"
    queue, since = int(thread["waits_for"]), int(thread["waits_since"]) / 1e9
    if not queue:
        return f"waits since {since:.6f}"
    name = gdb.execute(f"info symbol {queue:#x}", to_string=True).split(" in section")[0].strip()
    return f"waits for {hex(queue) if name.startswith('No symbol') else name} since {since:.6f}"


def print_thread(thread):
    low = int(thread["stack"])
    high = low + (int(thread["stack_pages"]) << PAGE_SHIFT)
    parked = int(thread.address) != Threads.current()
    used = f", {high - int(thread['stack_pointer'])} bytes used" if parked else ""
    print(f"{text(thread['name'])}: {state(thread)}, stack {low:x} to {high:x}{used}")
    if parked:
        print(f"    at {caller_outside_scheduler(Threads.parked(thread))}")


class FrameId(NamedTuple):
    """What gdb tells frames apart by; it asks for these two names."""
    sp: gdb.Value
    pc: gdb.Value


class ParkedUnwinder(gdb.unwinder.Unwinder):
    """While a parked thread is looked at, its frames come behind frame 0, the one that runs."""

    def __init__(self):
        super().__init__("xenolith-parked")
        self.registers = None

    def __call__(self, pending_frame):
        if self.registers is None or pending_frame.level() != 0:
            return None
        here = FrameId(pending_frame.read_register("rsp"), pending_frame.read_register("rip"))
        info = pending_frame.create_unwind_info(here)
        integer = type_of("unsigned long")
        for name, content in self.registers.items():
            info.add_saved_register(name, gdb.Value(content).cast(integer))
        return info

    def show(self, registers):
        """Registers of the thread to look at, or None. It shows behind main() too."""
        self.registers = registers
        gdb.execute(f"set backtrace past-main {'off' if registers is None else 'on'}")
        gdb.invalidate_cached_frames()


UNWINDER = ParkedUnwinder()
gdb.unwinder.register_unwinder(None, UNWINDER, replace=True)


class Xenolith(gdb.Command):
    """Look into a Xenolith guest: xenolith threads, thread, pages, rings, log."""

    def __init__(self):
        super().__init__("xenolith", gdb.COMMAND_DATA, prefix=True)


class Command(gdb.Command):
    """A command that names what it cannot read instead of showing a Python error."""

    def __init__(self):
        super().__init__(f"xenolith {self.name}", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        try:
            self.run(argument.strip())
        except gdb.error as error:
            raise gdb.GdbError(f"xenolith {self.name}: {error}")


class ThreadsCommand(Command):
    """All threads, then the queue of those that are ready to run."""
    name = "threads"

    def run(self, _):
        for thread in Threads.all():
            print_thread(thread)
        head = int(value("&'lib/sched/thread.c'::ready_threads"))
        ready = [text(t["name"]) for t in entries(head, "struct thread", "ready_link")]
        print(f"ready queue: {', '.join(ready) or 'empty'}")


class ThreadCommand(Command):
    """xenolith thread NAME: a parked thread's backtrace, from frame 1 on; up, frame N and info
    locals work in it. "xenolith thread off" goes back to what runs."""
    name = "thread"

    def run(self, argument):
        UNWINDER.show(None)
        if argument in ("", "off"):
            return
        thread = Threads.find(argument)
        if int(thread.address) == Threads.current():
            gdb.execute("backtrace")
            return
        registers = Threads.parked(thread)
        print("  ".join(f"{name} {content:#x}" for name, content in registers.items()))
        UNWINDER.show(registers)
        gdb.execute("frame 1", to_string=True)
        lines = gdb.execute("backtrace", to_string=True).splitlines()
        print("\n".join(line for line in lines if not line.startswith("#0 ")))


class PagesCommand(Command):
    """The page allocator's regions and free blocks, and the heap."""
    name = "pages"

    def run(self, _):
        scope = "'lib/mm/pages.c'::"
        for i in range(number("page_region_count")):
            region = value(f"page_regions[{i}]")
            start, frontier, end = (int(region[m]) << PAGE_SHIFT
                                    for m in ("base", "frontier", "end"))
            print(f"region {start:x} to {end:x}, used below {frontier:x}")
        print(f"{number('page_counts.unused')} of {number('page_counts.total')} pages free")
        for order in range(ORDERS):
            head = int(value(f"&{scope}free_blocks[{order}]"))
            blocks = [int(node.address) for node in entries(head, "struct list", "next")]
            if blocks:
                print(f"free blocks of {1 << order} pages: "
                      + " ".join(f"{block:x}" for block in blocks[:16])
                      + (f" and {len(blocks) - 16} more" if len(blocks) > 16 else ""))
        base, end, mapped = (number(f"'lib/mm/heap.c'::heap_{part}")
                             for part in ("start", "end", "mapped"))
        print(f"heap {base:x} to {end:x}, {mapped - base >> PAGE_SHIFT} pages")


def print_ring(name, ring):
    size = int(ring["mask"]) + 1
    if not int(ring["shared"]):
        print(f"    {name}: none")
        return
    shared = ring["shared"].dereference()
    wrap = 0xffffffff
    try:
        backend = (f"the backend has written {int(shared['response_producer'])}, "
                   f"event at {int(shared['response_event'])}")
    except gdb.MemoryError:
        backend = f"the shared page at {int(ring['shared']):x} is not in the dump"
    print(f"    {name}: {size} slots, {int(ring['produced']) - int(ring['consumed']) & wrap} in use, "
          f"{int(ring['produced']) - int(ring['published']) & wrap} not shown to the backend; "
          f"requests {int(ring['produced'])}, responses taken {int(ring['consumed'])}; {backend}")


class RingsCommand(Command):
    """Devices with their states and shared rings."""
    name = "rings"

    def run(self, _):
        try:
            head = symbol("xenbus_device_list")
        except gdb.error:
            print("the image has no devices")
            return
        for device in entries(head, "struct xenbus_device", "link"):
            print(f"{text(device['node'].address.cast(type_of('char').pointer()))}: "
                  f"{device['state']}, backend {device['backend_state']}")
            self.device(text(device["driver"]["type"]), int(device["private_data"]))

    @staticmethod
    def device(kind, private):
        if not private:
            return
        if kind == "vbd":
            disk = gdb.Value(private).cast(type_of("struct blkfront").pointer())
            print_ring("requests", disk["ring"])
        if kind == "vif":
            nic = gdb.Value(private).cast(type_of("struct netfront").pointer())
            for i in range(int(nic["queues"])):
                queue = nic["queue"][i]
                print_ring(f"receive {i}", queue["receive"]["ring"])
                print_ring(f"transmit {i}", queue["transmit"]["ring"])


class LogCommand(Command):
    """The last log lines, as far as the guest keeps them."""
    name = "log"

    def run(self, _):
        log = value("kernel_log")
        size, end = log["text"].type.sizeof, int(log["end"])
        content = bytes(gdb.selected_inferior().read_memory(int(log["text"].address), size))
        if end <= size:
            content = content[:end]
        else:
            content = content[end % size:] + content[:end % size]
            content = content.partition(b"\n")[2]
        print(content.decode("ascii", "replace"), end="")


def name_threads(*_):
    """Give a core's threads the names that the guest's have: %fs says which is which."""
    connection = gdb.selected_inferior().connection
    if connection is None or connection.type != "core":
        return
    try:
        names = {int(t.address): text(t["name"]) for t in Threads.all()}
        selected = gdb.selected_thread()
        for thread in gdb.selected_inferior().threads():
            thread.switch()
            base = int(gdb.newest_frame().read_register("fs_base")) & (1 << 64) - 1
            thread.name = names.get(base) or thread.name
        if selected is not None:
            selected.switch()
    except (gdb.error, RuntimeError):
        return          # no guest yet, or not ours


Xenolith()
for command in (ThreadsCommand, ThreadCommand, PagesCommand, RingsCommand, LogCommand):
    command()
gdb.events.new_objfile.connect(name_threads)
name_threads()
