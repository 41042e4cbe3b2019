# SPDX-License-Identifier: MIT
"""What the hypervisor knows of a domain: xc_dominfo_t of Xen 4.17's libxenctrl."""

import ctypes


class DomInfo(ctypes.Structure):
    """The head of xc_dominfo_t; the rest is only room for what the library writes."""
    _fields_ = [("domid", ctypes.c_uint32), ("ssidref", ctypes.c_uint32),
                ("dying", ctypes.c_uint32, 1), ("crashed", ctypes.c_uint32, 1),
                ("shutdown", ctypes.c_uint32, 1), ("others", ctypes.c_uint32, 29),
                ("shutdown_reason", ctypes.c_uint32),
                ("pages", ctypes.c_ulong * 4), ("shared_info_frame", ctypes.c_ulong),
                ("cpu_time", ctypes.c_uint64), ("rest", ctypes.c_uint64 * 64)]


class Hypervisor:
    """A handle for questions."""

    def __init__(self):
        self.library = ctypes.CDLL("libxenctrl.so.4.17")
        self.library.xc_interface_open.restype = ctypes.c_void_p
        self.library.xc_domain_getinfo.argtypes = [ctypes.c_void_p, ctypes.c_uint32,
                                                   ctypes.c_uint, ctypes.POINTER(DomInfo)]
        self.handle = self.library.xc_interface_open(None, None, 0)
        if not self.handle:
            raise OSError("no access to the hypervisor")

    def domain(self, number):
        """Its DomInfo, or None when there is no such domain."""
        info = DomInfo()
        found = self.library.xc_domain_getinfo(self.handle, number, 1, ctypes.byref(info))
        return info if found == 1 and info.domid == number else None
