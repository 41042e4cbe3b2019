/* SPDX-License-Identifier: MIT */
#include "fake_disk.h"

#include "fakes.h"

#include <string.h>

#include "lib/sched.h"

static int finish(struct fake_disk *disk, uint64_t offset, size_t length)
{
    assert_true(length > 0 && offset + length <= disk->device.size);
    assert_int_equal((offset | length) % disk->device.sector_size, 0);
    if (length > disk->longest)
        disk->longest = length;
    if (disk->delay > 0)
        thread_sleep_until(deadline_after(disk->delay));
    return disk->error;
}

static int fake_read(struct block_device *device, uint64_t offset, void *buffer, size_t length)
{
    struct fake_disk *disk = device->private_data;
    int result;

    disk->reads++;
    memcpy(buffer, disk->data + offset, length); /* what was there before the wait */
    result = finish(disk, offset, length);
    if (result != 0)
        memset(buffer, 0xee, length);
    return result;
}

static int fake_write(struct block_device *device, uint64_t offset, const void *buffer,
                      size_t length)
{
    struct fake_disk *disk = device->private_data;
    int result = finish(disk, offset, length);

    disk->writes++;
    if (result == 0)
        memcpy(disk->data + offset, buffer, length);
    return result;
}

static const struct block_operations fake_operations = {
    .read = fake_read,
    .write = fake_write,
};

void fake_disk_create(struct fake_disk *disk, const char *name, void *data, size_t size,
                      uint32_t sector_size)
{
    memset(disk, 0, sizeof(*disk));
    strcpy(disk->device.name, name);
    disk->device.size = size;
    disk->device.sector_size = sector_size;
    disk->device.operations = &fake_operations;
    disk->device.private_data = disk;
    disk->data = data;
    assert_int_equal(block_register(&disk->device), 0);
}

void fake_disk_destroy(struct fake_disk *disk)
{
    block_unregister(&disk->device);
}
