# SPDX-License-Identifier: MIT
# What the "// SRCS:" line of a test can name beside single files: rooms as tests are linked with them, and the fakes below a room.
# A driver's handshake (xenbus.c) is left out, since tests include it, to call what is nobody else's.

TEST_FRONTEND := $(addprefix xen/bus/,frontend.c frontend_port.c xenbus_handshake.c xenbus_retry.c) lib/base/log_limit.c
TEST_BLKFRONT := $(filter-out blkfront/xenbus.c,$(wildcard blkfront/*.c)) lib/block/request.c $(TEST_FRONTEND)
TEST_NETFRONT := $(filter-out netfront/xenbus.c,$(wildcard netfront/*.c)) net/netdev.c $(TEST_FRONTEND)
TEST_BLOCK := $(addprefix lib/block/,registry.c wait.c request.c bytes.c ramdisk.c) $(wildcard lib/fs/cache/*.c) \
    lib/mm/pressure.c lib/base/log_limit.c lib/base/tree.c
TEST_VFS := $(TEST_BLOCK) $(filter-out lib/fs/start.c,$(wildcard lib/fs/*.c)) lib/mm/hash.c \
    lib/file/file.c lib/base/id_table.c $(addprefix lib/file/,io_read.c io_write.c)
TEST_RAMFS := $(wildcard lib/fs/ramfs/*.c) lib/base/tree.c
TEST_TARFS := $(TEST_VFS) $(wildcard lib/fs/tarfs/*.c)
TEST_EROFS := $(TEST_BLOCK) $(addprefix lib/fs/erofs/,super.c inode.c data.c directory.c index.c compressed.c) $(LZ4_SRCS)
TEST_XENBUS := $(addprefix xen/bus/,xenbus.c xenbus_backend.c xenbus_handshake.c xenbus_reopen.c xenbus_retry.c) lib/base/log_limit.c
TEST_XENSTORE := $(wildcard xen/bus/xenstore*.c) xen/bus/frontend_port.c
TEST_NET := $(filter-out net/sysrq.c,$(wildcard net/*.c)) lib/base/log_limit.c \
    $(addprefix lib/file/,poll.c descriptor.c io_read.c io_write.c) lib/file/file.c lib/base/id_table.c lib/posix/duplicate.c

DRIVER_FAKES := test/unit/xen_fakes.c test/unit/xen_driver_fakes.c
STORE_FAKES := test/unit/xen_fakes.c test/unit/fake_xenstored.c test/unit/fake_timer.c
NET_FAKES := test/unit/fakes.c test/unit/net_fakes.c
DRIVER_WORLD := test/fuzz/world.c test/fuzz/store.c xen/bus/gnttab.c xen/bus/xenstore_wire.c $(TEST_XENBUS)
