SRCS := main.c
CONFIG := erofs tarfs blk
MEMORY := 8
# One folder twice: as a compressed EROFS on a disk, and as the archive that it is compared with.
DISK := tree
EROFS := -zlz4 -C65536
RAMDISK := same
