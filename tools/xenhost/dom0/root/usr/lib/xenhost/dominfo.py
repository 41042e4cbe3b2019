# SPDX-License-Identifier: MIT
"""What the hypervisor knows of a domain: the head of its struct xen_domctl_getdomaininfo.

libxenctrl's own xc_dominfo_t went with Xen 4.19; xc_domain_getinfolist() is there before and after.
"""

import ctypes

SHUTDOWN = 1 << 2                       # XEN_DOMINF_shutdown
REASON = 16                             # XEN_DOMINF_shutdownshift


class DomInfo(ctypes.Structure):
    """The fields up to the CPU time; the rest is only room for what the library writes."""
    _fields_ = [("domid", ctypes.c_uint16), ("pad", ctypes.c_uint16), ("flags", ctypes.c_uint32),
                ("pages", ctypes.c_uint64 * 5), ("shared_info_frame", ctypes.c_uint64),
                ("cpu_time", ctypes.c_uint64), ("rest", ctypes.c_uint64 * 64)]

    def reason(self):
        """Why it has shut down, as a number; None while it has not."""
        return self.flags >> REASON & 255 if self.flags & SHUTDOWN else None


class Hypervisor:
    """A handle for questions."""

    def __init__(self):
        self.library = ctypes.CDLL("/usr/lib/xenhost/libxenctrl.so")
        self.library.xc_interface_open.restype = ctypes.c_void_p
        self.library.xc_domain_getinfolist.argtypes = [
            ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint, ctypes.POINTER(DomInfo)]
        self.handle = self.library.xc_interface_open(None, None, 0)
        if not self.handle:
            raise OSError("no access to the hypervisor")

    def _from(self, number):
        """The DomInfo of the first domain from that number on, or None."""
        info = DomInfo()
        found = self.library.xc_domain_getinfolist(self.handle, number, 1, ctypes.byref(info))
        return info if found == 1 else None

    def domains(self):
        """The numbers of all domains."""
        number = 0
        while info := self._from(number):
            yield info.domid
            number = info.domid + 1

    def domain(self, number):
        """Its DomInfo, or None when there is no such domain."""
        info = self._from(number)
        return info if info and info.domid == number else None
