# SPDX-License-Identifier: MIT
"""xencore: cores that Xen writes of a guest, made into cores that gdb opens.

    dump.py      reads Xen's core file
    image.py     reads IMAGE.elf.debug: symbols and text
    memory.py    walks the guest's page tables
    threads.py   finds the threads and their registers
    core.py      writes the ELF core
"""


class CoreError(Exception):
    """The files cannot be used; the text says why, in one line."""
