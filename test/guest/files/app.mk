SRCS := main.c
CONFIG := tarfs
MEMORY := 8
# The archive that the guest reads as the cfg's ramdisk=, at /www.
RAMDISK := www
