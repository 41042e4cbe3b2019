# SPDX-License-Identifier: MIT
"""A real Xen host inside QEMU: made from Debian packages, booted once, resumed in seconds.

    from xenhost import Host
    with Host(payload=["build/out/hello.elf", "build/out/hello.cfg"]) as host:
        status, output = host.sh("cd /payload && xl create hello.cfg", timeout=60)

Modules, from the ground up (each calls only those above it):

    ui         messages, errors, time limits
    suite      the Debian releases that it can be made of, and what differs
    paths      where everything lies
    packages   Debian packages, through a private apt state
    prepare    Xen, dom0's kernel, initrd and root disk out of those packages
    kernel     the ELF in a Linux kernel, for Linux guests
    qemu       one QEMU process and its QMP socket
    executor      scripts run in dom0 over a virtio-serial port
    state      the kept booted machine state
    payload    the raw disk that carries files into a resumed host
    host       Host: the above, as a context manager
    guesttest  runner of test/guest
    run        one appliance in the foreground, for `make run`
    cli        the command line
"""

from .host import Host
from .ui import HostError

__all__ = ["Host", "HostError"]
