/* SPDX-License-Identifier: MIT */
#include "fake_disk.h"

#include "fakes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sched/sched.h"

static int answer(const struct fake_disk *disk, uint64_t offset, size_t length, bool write)
{
    bool bad = disk->bad > 0 && disk->bad >= offset && disk->bad - offset < length;

    return bad && !(write && disk->bad_reads_only) ? -EIO : disk->error;
}

static int finish(struct fake_disk *disk, uint64_t offset, size_t length, bool write)
{
    assert_true(length > 0 && offset + length <= disk->device.size);
    assert_int_equal((offset | length) % disk->device.sector_size, 0);
    if (length > disk->longest)
        disk->longest = length;
    if (disk->delay > 0)
        thread_sleep_until(deadline_after(disk->delay));
    return answer(disk, offset, length, write);
}

static int fake_read(struct block_device *device, uint64_t offset, void *buffer, size_t length)
{
    struct fake_disk *disk = device->private_data;
    int result;

    disk->reads++;
    memcpy(buffer, disk->data + offset, length); /* what was there before the wait */
    result = finish(disk, offset, length, false);
    if (result != 0)
        memset(buffer, 0xee, length);
    return result;
}

static int fake_write(struct block_device *device, uint64_t offset, const void *buffer,
                      size_t length)
{
    struct fake_disk *disk = device->private_data;
    int result = finish(disk, offset, length, true);

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
    unsigned char *data; /* of a write, as it was when it was submitted */
    int error;
};

/* Between the parts of a request and memory in one piece. */
static void move(const struct block_request *request, unsigned char *data, uint32_t sector_size)
{
    const struct iovec *part = request->vector;

    for (uint64_t done = 0; done < request->length; done += part->iov_len, part++) {
        assert_int_equal(part->iov_len % sector_size, 0);
        if (request->operation == BLOCK_WRITE)
            memcpy(data + done, part->iov_base, part->iov_len);
        else
            memcpy(part->iov_base, data + done, part->iov_len);
    }
}

static void request_ends(void *argument)
{
    struct under_way *under_way = argument;
    struct fake_disk *disk = under_way->disk;
    struct block_request *request = under_way->request;
    int error = under_way->error;

    if (error == 0 && under_way->data != NULL)
        memcpy(disk->data + request->offset, under_way->data, request->length);
    free(under_way->data);
    free(under_way);
    disk->under_way--;
    block_finish(&disk->device, request, error);
}

/* Never fails: it is not malloc() that tests have fail. */
static void *allocate(size_t size)
{
    return memset(aligned_alloc(16, (size + 15) & ~(size_t)15), 0, size);
}

static void fake_submit(struct block_device *device, struct block_request *request)
{
    struct fake_disk *disk = device->private_data;
    struct under_way *under_way = allocate(sizeof(*under_way));

    disk->reads += request->operation == BLOCK_READ;
    disk->writes += request->operation == BLOCK_WRITE;
    disk->flushes += request->operation == BLOCK_FLUSH;
    disk->under_way++;
    if (disk->under_way > disk->most_under_way)
        disk->most_under_way = disk->under_way;
    assert_true(request->offset + request->length <= device->size);
    if (request->length > disk->longest)
        disk->longest = request->length;
    if (request->operation == BLOCK_WRITE)
        under_way->data = allocate(request->length);
    move(request, under_way->data != NULL ? under_way->data : disk->data + request->offset,
         device->sector_size);
    under_way->disk = disk;
    under_way->request = request;
    under_way->error =
        answer(disk, request->offset, request->length, request->operation == BLOCK_WRITE);
    timer_init(&under_way->timer, request_ends, under_way);
    if (disk->delay == 0)
        request_ends(under_way);
    else
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
