# SPDX-License-Identifier: MIT
"""The threads of a Xenolith guest: lib/sched/thread.c's list, and what each has saved.

The thread that ran has its registers in the vCPU's context, or, after a CPU exception, in the
frame that the trap pushed. The others left theirs on their stacks (arch/x86_64/switch.S).
"""

import struct
from dataclasses import dataclass
from typing import Iterator

from .dump import Dump
from .image import Image
from .memory import Memory

THREADS_MAX = 4096
PARKED = ("r15", "r14", "r13", "r12", "rbx", "rbp", "rip")
TRAP_FRAME = ("r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8", "rbp", "rdi", "rsi", "rdx",
              "rcx", "rbx", "rax", "vector", "error", "rip", "cs", "rflags", "rsp", "ss")
SIGNALS = {0: 8, 1: 5, 3: 5, 6: 4, 13: 11, 14: 11, 16: 8, 19: 8}    # of CPU exceptions
SIGNAL_OTHER = 6


@dataclass
class Thread:
    name: str
    registers: dict[str, int]
    signal: int = 0


def running_registers(dump: Dump, image: Image, memory: Memory) -> tuple[dict[str, int], int]:
    """What the vCPU did: registers and the signal that a crash stands for."""
    pointer = image.symbols.get("crash_frame")
    frame = memory.word(pointer) if pointer is not None else None
    data = memory.read(frame, 8 * len(TRAP_FRAME)) if frame else None
    if data is None:
        return dump.context, 0
    registers = dict(zip(TRAP_FRAME, struct.unpack(f"<{len(TRAP_FRAME)}Q", data)))
    return registers, SIGNALS.get(registers["vector"], SIGNAL_OTHER)


def _parked_registers(memory: Memory, stack_pointer: int) -> dict[str, int]:
    data = memory.read(stack_pointer, 64)
    if data is None:
        return {"rsp": stack_pointer}
    registers = dict(zip(PARKED, struct.unpack_from("<7Q", data, 8)))
    registers["rsp"] = stack_pointer + 64
    return registers


def _walk(image: Image, memory: Memory, warn) -> Iterator[int]:
    """Addresses of the thread structs, the list's order."""
    head, link, self_offset = (image.symbols["layout_all_threads"], image.layout("thread.all_link"),
                               image.layout("thread.self"))
    node = memory.word(head)
    seen = set()
    while node != head:
        thread = (node or 0) - link
        if (node is None or node in seen or len(seen) >= THREADS_MAX
                or memory.word(thread + self_offset) != thread):
            warn("the list of threads is broken: threads may be missing")
            return
        seen.add(node)
        yield thread
        node = memory.word(node)


def find(dump: Dump, image: Image, memory: Memory, warn) -> list[Thread]:
    """All threads, first the one that ran; one for the vCPU when there are none to find."""
    running, signal = running_registers(dump, image, memory)
    current_symbol = image.symbols.get("layout_current")
    if current_symbol is None or image.layout("thread.all_link") is None:
        warn("the image does not say how its threads lie: one thread is shown")
        return [Thread("vcpu", running, signal)]
    current = memory.word(current_symbol)
    threads, first = [], Thread("boot" if not current else "?", dict(running), signal)
    for thread in _walk(image, memory, warn):
        name = memory.text(memory.word(thread + image.layout("thread.name")) or 0)
        if thread == current:
            first.name = name
            first.registers["fs_base"] = thread
            continue
        saved = memory.word(thread + image.layout("thread.stack_pointer")) or 0
        threads.append(Thread(name, {**_parked_registers(memory, saved), "fs_base": thread}))
    return [first, *threads]
