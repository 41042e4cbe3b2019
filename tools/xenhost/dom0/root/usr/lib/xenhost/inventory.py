# SPDX-License-Identifier: MIT
"""What a test could leave behind in dom0, as a set of lines.

    domains, as xenstore and as the hypervisor know them; backends; network links and who is in a
    bridge; loop and device-mapper devices; mounts; processes; parameters of the backends' modules
"""

import glob
import os

ENTRIES = ["/local/domain", "/libxl", "/vm"]
BACKENDS = "/local/domain/0/backend"
PARAMETERS = ["/sys/module/xen_netback/parameters/*", "/sys/module/xen_blkback/parameters/*"]
SCRIPT = b"bash\0/run/script\0"         # the executor's: whoever asks


def _text(path):
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:                     # it has gone meanwhile
        return b""


def _line(path):
    return _text(path).decode(errors="replace").strip()


def _xenstore(listing):
    """listing(path) gives the names below a xenstore path."""
    for path in ENTRIES:
        yield from (f"xenstore {path}/{name}" for name in listing(path))
    for kind in listing(BACKENDS):
        yield from (f"{kind} backend of domain {name}" for name in listing(f"{BACKENDS}/{kind}"))


def _links():
    for path in glob.glob("/sys/class/net/*"):
        master = os.path.join(path, "master")
        bridge = os.path.basename(os.path.realpath(master)) if os.path.exists(master) else "none"
        yield f"link {os.path.basename(path)} of bridge {bridge}"


def _disks():
    for path in glob.glob("/sys/block/loop*/loop/backing_file"):
        yield f"{path.split('/')[3]} of {_line(path)}"
    for path in glob.glob("/sys/block/dm-*/dm/name"):
        yield f"device-mapper {_line(path)}"


def _mounts():
    for line in _line("/proc/mounts").splitlines():
        yield "mount " + " ".join(line.split()[:2])


def _processes():
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        words = _text(path)
        if words and words != SCRIPT:
            yield f"process {path.split('/')[2]}: {words.replace(bytes(1), b' ').decode(errors='replace')[:80]}"


def _parameters():
    for pattern in PARAMETERS:
        yield from (f"{path} is {_line(path)}" for path in glob.glob(pattern))


def take(listing, domains):
    """All of it. domains are the numbers of domains that the hypervisor knows."""
    return {*(f"domain {number}" for number in domains), *_xenstore(listing), *_links(), *_disks(),
            *_mounts(), *_processes(), *_parameters()}
