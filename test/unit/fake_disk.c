/* SPDX-License-Identifier: MIT */
#include "fake_disk.h"

#include "fakes.h"

#include <stdlib.h>
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

/* A request under way on a disk with a queue. */
struct under_way {
    struct timer timer;
    struct fake_disk *disk;
    struct block_request *request;
    int error;
};

static void move(struct fake_disk *disk, const struct block_request *request)
{
    const struct iovec *part = request->vector;
    unsigned char *place = disk->data + request->offset;

    for (uint64_t done = 0; done < request->length; done += part->iov_len, part++) {
        assert_int_equal(part->iov_len % disk->device.sector_size, 0);
        if (request->operation == BLOCK_WRITE)
            memcpy(place + done, part->iov_base, part->iov_len);
        else
            memcpy(part->iov_base, place + done, part->iov_len);
    }
}

static void end_request(struct fake_disk *disk, struct block_request *request, int error)
{
    if (error == 0 && request->operation == BLOCK_WRITE)
        move(disk, request);
    disk->under_way--;
    block_finish(&disk->device, request, error);
}

static void request_ends(void *argument)
{
    struct under_way *under_way = argument;
    struct fake_disk *disk = under_way->disk;
    struct block_request *request = under_way->request;
    int error = under_way->error;

    free(under_way);
    end_request(disk, request, error);
}

static void fake_submit(struct block_device *device, struct block_request *request)
{
    struct fake_disk *disk = device->private_data;
    struct under_way *under_way;

    disk->reads += request->operation == BLOCK_READ;
    disk->writes += request->operation == BLOCK_WRITE;
    disk->flushes += request->operation == BLOCK_FLUSH;
    disk->under_way++;
    assert_true(request->offset + request->length <= device->size);
    if (request->length > disk->longest)
        disk->longest = request->length;
    if (request->operation == BLOCK_READ)
        move(disk, request); /* what is there before the wait */
    if (disk->delay == 0) {
        end_request(disk, request, disk->error);
        return;
    }
    under_way = malloc(sizeof(*under_way));
    *under_way = (struct under_way){ .disk = disk, .request = request, .error = disk->error };
    timer_init(&under_way->timer, request_ends, under_way);
    timer_set(&under_way->timer, deadline_after(disk->delay));
}

static const struct block_operations queued_operations = {
    .submit = fake_submit,
};

static void create(struct fake_disk *disk, const char *name, void *data, size_t size,
                   uint32_t sector_size, const struct block_operations *operations)
{
    memset(disk, 0, sizeof(*disk));
    strcpy(disk->device.name, name);
    disk->device.size = size;
    disk->device.sector_size = sector_size;
    disk->device.operations = operations;
    disk->device.private_data = disk;
    disk->data = data;
    assert_int_equal(block_register(&disk->device), 0);
}

void fake_disk_create(struct fake_disk *disk, const char *name, void *data, size_t size,
                      uint32_t sector_size)
{
    create(disk, name, data, size, sector_size, &fake_operations);
}

void fake_disk_create_queued(struct fake_disk *disk, const char *name, void *data, size_t size,
                             uint32_t sector_size)
{
    create(disk, name, data, size, sector_size, &queued_operations);
}

void fake_disk_destroy(struct fake_disk *disk)
{
    block_unregister(&disk->device);
}
