/* SPDX-License-Identifier: MIT */
/*
 * Disks: xvda (512-byte sectors) and xvdb (4096) are written, with a copy in memory of what they
 * must hold; the others are read. run.sh compares the printed checksums with dom0's. Once the
 * backend of xvda does without persistent grants. Then one disk grows and shrinks, and another
 * vanishes, comes back with other contents, and is torn away.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cksum.h"
#include "../disks.h"
#include "lib/fs/disk_cache.h"
#include "lib/block/blockdev.h"
#include "xen/bus/xenbus.h"

#define STEP 300007u /* a multiple of nothing */
#define WRITERS 6u
#define BLOCK 49152u

struct model {
    struct block_device *device;
    int descriptor;
    unsigned char *contents; /* what the disk must hold */
};

static struct model models[2];
static unsigned char scratch[5 << 18]; /* 1.25 MiB */

static void model_open(struct model *model, const char *path)
{
    model->device = block_find(path + 5);
    model->descriptor = open(path, O_RDWR);
    CHECK(model->device != NULL && model->descriptor >= 0);
    if (check_failures > 0)
        exit(check_verdict());
    model->contents = malloc(model->device->size);
    for (size_t done = 0; done < model->device->size; done += STEP) {
        size_t rest = model->device->size - done;

        rest = rest < STEP ? rest : STEP;
        CHECK(read(model->descriptor, model->contents + done, rest) == (ssize_t)rest);
    }
}

static void say_sum(const char *when, const char *name, const unsigned char *data, size_t length)
{
    printf("%s %s: %lu %lu\n", when, name,
           (unsigned long)cksum_end(cksum_add(0, data, length), length), (unsigned long)length);
}

static void model_write(struct model *model, uint64_t offset, size_t length, unsigned int seed)
{
    unsigned char *pattern = model->contents + offset;

    for (size_t i = 0; i < length; i++) {
        seed = seed * 1664525u + 1013904223u;
        pattern[i] = (unsigned char)(seed >> 24);
    }
    CHECK(pwrite(model->descriptor, pattern, length, (off_t)offset) == (ssize_t)length);
}

static void model_compare(struct model *model, uint64_t offset, size_t length)
{
    memset(scratch, 0x5a, length);
    CHECK(pread(model->descriptor, scratch, length, (off_t)offset) == (ssize_t)length);
    CHECK(memcmp(scratch, model->contents + offset, length) == 0);
}

static void model_compare_all(struct model *model)
{
    size_t size = model->device->size;

    for (size_t done = 0; done < size; done += sizeof(scratch))
        model_compare(model, done, size - done < sizeof(scratch) ? size - done : sizeof(scratch));
}

/* Odd offsets and lengths: within a sector, over its border, many requests at once. */
static void test_unaligned(struct model *model)
{
    static const size_t lengths[] = { 1, 511, 513, 4095, 4097, 65537, (1 << 20) + 3 };
    uint64_t offset = 1;

    for (unsigned int i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        model_compare(model, offset, lengths[i]);
        model_write(model, offset, lengths[i], i);
        model_compare(model, offset > 5000 ? offset - 5000 : 0, lengths[i]);
        offset += lengths[i] + 1000;
    }
}

static void test_end(struct model *model)
{
    uint64_t size = model->device->size;
    uint32_t sector = model->device->sector_size;

    CHECK(pread(model->descriptor, scratch, 1000, (off_t)size - 10) == 10);
    CHECK(memcmp(scratch, model->contents + size - 10, 10) == 0);
    CHECK(pread(model->descriptor, scratch, 1000, (off_t)size) == 0);
    CHECK(pread(model->descriptor, scratch, 1000, (off_t)size + 123456789) == 0);
    CHECK(pwrite(model->descriptor, scratch, 10, (off_t)size) == -1 && errno == ENOSPC);
    CHECK(pwrite(model->descriptor, model->contents + size - 7, 1000, (off_t)size - 7) == 7);
    CHECK(lseek(model->descriptor, 0, SEEK_END) == (off_t)size);
    CHECK(block_read(model->device, size, scratch, sector) == -ENXIO);
    CHECK(block_write(model->device, size - sector, scratch, 2 * sector) == -ENXIO);
    CHECK(block_read(model->device, UINT64_MAX - sector + 1, scratch, sector) == -ENXIO);
    CHECK(block_read(model->device, 1, scratch, sector) == -EINVAL);
    CHECK(block_read(model->device, 0, scratch, sector - 1) == -EINVAL);
    CHECK(block_read_bytes(model->device, size - 1, scratch, 2) == -ENXIO);
}

static struct semaphore written;

/* Writer n has every WRITERSth block of both disks: its neighbours are others'. */
static void writer(void *argument)
{
    unsigned int number = (unsigned int)(uintptr_t)argument;

    for (unsigned int i = number; i < 2 * 40; i += WRITERS)
        model_write(&models[i & 1], (uint64_t)(i / 2) * BLOCK + (i / 2), BLOCK, 1000 + i);
    for (unsigned int i = 0; i < 2; i++)
        CHECK(fsync(models[i].descriptor) == 0);
    semaphore_up(&written);
}

static void test_writers(void)
{
    semaphore_init(&written, 0);
    for (uintptr_t i = 0; i < WRITERS; i++)
        CHECK(thread_create("writer", writer, (void *)i) != NULL);
    for (unsigned int i = 0; i < WRITERS; i++)
        CHECK(semaphore_down(&written, deadline_after(SECONDS(30))) == 0);
}

#define AT_ONCE 150u
#define AT_ONCE_STEP 12288u

static struct {
    struct block_request request;
    struct iovec vector[3];
    unsigned int again;
} at_once[AT_ONCE];
static struct semaphore all_done;
static unsigned int not_done;

/* Each is written twice, and at last read. */
static void at_once_done(struct block_request *request)
{
    unsigned int number = (unsigned int)(uintptr_t)request->argument;

    CHECK(request->result == 0);
    if (at_once[number].again > 0) {
        at_once[number].again--;
        block_submit(models[number & 1].device, request);
    } else if (request->operation == BLOCK_WRITE) {
        request->operation = BLOCK_READ;
        at_once[number].vector[1].iov_base = scratch + number * 4096;
        block_submit(models[number & 1].device, request);
    } else if (--not_done == 0) {
        semaphore_up(&all_done);
    }
}

/* More than a ring of one page holds, on both disks; the middle part of each is read back. */
static void test_at_once(void)
{
    uint64_t merged = models[0].device->statistics.merged;

    semaphore_init(&all_done, 0);
    not_done = AT_ONCE;
    for (unsigned int i = 0; i < 2; i++)
        block_plug(models[i].device);
    for (unsigned int i = 0; i < AT_ONCE; i++) {
        struct model *model = &models[i & 1];
        uint64_t offset = (uint64_t)(i / 2) * AT_ONCE_STEP;
        unsigned char *memory = model->contents + offset;

        for (unsigned int byte = 0; byte < AT_ONCE_STEP; byte++)
            memory[byte] = (unsigned char)(memory[byte] * 5 + i);
        for (unsigned int part = 0; part < 3; part++)
            at_once[i].vector[part] = (struct iovec){ memory + part * 4096, 4096 };
        at_once[i].again = 1;
        at_once[i].request = (struct block_request){
            .operation = BLOCK_WRITE,
            .offset = offset,
            .length = AT_ONCE_STEP,
            .vector = at_once[i].vector,
            .done = at_once_done,
            .argument = (void *)(uintptr_t)i,
        };
        block_submit(model->device, &at_once[i].request);
    }
    CHECK(not_done == AT_ONCE);
    for (unsigned int i = 0; i < 2; i++)
        block_unplug(models[i].device);
    CHECK(semaphore_down(&all_done, deadline_after(SECONDS(30))) == 0);
    for (unsigned int i = 0; i < AT_ONCE; i++)
        CHECK(memcmp(scratch + i * 4096, (char *)at_once[i].vector[0].iov_base + 4096, 4096) == 0);
    CHECK(models[0].device->statistics.merged > merged);
}

static void test_discard(struct model *model)
{
    struct block_device *device = model->device;

    CHECK(device->discard_granularity >= device->sector_size);
    CHECK(block_discard(device, 65536, 262144, false) == 0);
    memset(model->contents + 65536, 0, 262144); /* a loop device's answer */
    model_compare(model, 60000, 300000);
    CHECK(device->physical_sector_size >= device->sector_size);
    if (!device->discard_secure)
        CHECK(block_discard(device, 0, 4096, true) == -EOPNOTSUPP);
    CHECK(block_discard(device, device->size, 4096, false) == -ENXIO);
}

static void test_read_only(void)
{
    struct block_device *device = block_find("xvdc");
    int descriptor = open("/dev/xvdc", O_RDWR);
    struct stat status;

    CHECK(device != NULL && device->read_only && descriptor >= 0);
    if (device == NULL)
        return;
    CHECK(stat("/dev/xvdc", &status) == 0 && S_ISBLK(status.st_mode));
    CHECK((status.st_mode & 0222) == 0 && (uint64_t)status.st_size == device->size);
    CHECK(pwrite(descriptor, scratch, 512, 0) == -1 && errno == EROFS);
    CHECK(pwrite(descriptor, scratch, 3, 100) == -1 && errno == EROFS);
    CHECK(block_write(device, 0, scratch, 512) == -EROFS);
    CHECK(fsync(descriptor) == 0);
    CHECK(close(descriptor) == 0);
}

/* Through the cache, in small pieces, or in one. */
static void test_sum(const char *name, size_t step)
{
    struct block_device *device = block_find(name);
    uint32_t sum = 0;
    int result = 0;

    CHECK(device != NULL);
    for (uint64_t done = 0; device != NULL && done < device->size; done += step) {
        size_t length = device->size - done < step ? device->size - done : step;

        if (result == 0)
            result = disk_read_all(device, done, scratch, length);
        sum = cksum_add(sum, scratch, length);
    }
    CHECK(result == 0);
    if (device != NULL && result == 0)
        printf("read %s: %lu %lu\n", name, (unsigned long)cksum_end(sum, device->size),
               (unsigned long)device->size);
}

/* All that needs no help from dom0. The second time, the drivers have all pages that they keep. */
static void test_all(void)
{
    for (unsigned int i = 0; i < 2; i++) {
        test_unaligned(&models[i]);
        test_end(&models[i]);
    }
    test_writers();
    test_at_once();
    for (unsigned int i = 0; i < 2; i++)
        test_discard(&models[i]);
    test_read_only();
    for (unsigned int i = 0; i < 2; i++)
        model_compare_all(&models[i]);
}

/* run.sh says when. */
static void wait_unmapping(void)
{
    uint64_t end = deadline_after(SECONDS(60)), set = 0;

    printf("xvda may do without persistent grants now\n");
    while (xenstore_read_number(XENSTORE_NONE, "data", "unmapping", 1, 1, &set) != 0 &&
           clock_monotonic() < end)
        thread_sleep_until(deadline_after(MILLISECONDS(20)));
    CHECK(set == 1);
}

/* The backend looks at its disk's size when it is asked for something. */
static void wait_size(struct block_device *device, uint64_t size)
{
    uint64_t end = deadline_after(SECONDS(60));

    while (device->size != size && clock_monotonic() < end) {
        block_read(device, 0, scratch, 512);
        thread_sleep_until(deadline_after(MILLISECONDS(5)));
    }
    CHECK(device->size == size);
}

static void test_resize(const char *name)
{
    struct block_device *device = block_find(name);
    uint64_t size = device->size;
    unsigned int generation = device->generation;

    CHECK(disk_read_all(device, size - 100, scratch, 100) == 0);
    printf("%s may grow now\n", name);
    wait_size(device, 2 * size);
    test_sum(name, 4096);
    printf("%s may shrink now\n", name);
    wait_size(device, size / 2);
    test_sum(name, 4096);
    CHECK(block_read(device, size / 2, scratch, 512) == -ENXIO);
    CHECK(disk_read_all(device, size, scratch, 1) == -ENXIO);
    CHECK(device->generation == generation);
}

/* Read the disk until that fails; the error is what a vanished disk answers. */
static void wait_vanished(const char *name)
{
    struct block_device *device = block_find(name);
    uint64_t end = deadline_after(SECONDS(60));
    int result = 0;

    printf("%s may vanish now\n", name);
    while (result == 0 && clock_monotonic() < end) {
        result = block_read(device, 0, scratch, 65536);
        thread_sleep_until(deadline_after(MILLISECONDS(5)));
    }
    CHECK(result == -EIO || result == -ENODEV);
    CHECK(block_read(device, 0, scratch, 512) == -ENODEV);
    CHECK(device->read_only || block_write(device, 0, scratch, 512) == -ENODEV);
    CHECK(block_flush(device) == -ENODEV);
    printf("%s answers error %d\n", name, -result);
}

static void wait_back(const char *name)
{
    struct block_device *device = block_find(name);
    uint64_t end = deadline_after(SECONDS(60));

    printf("%s may come back now\n", name);
    while (block_read(device, 0, scratch, 512) != 0 && clock_monotonic() < end)
        thread_sleep_until(deadline_after(MILLISECONDS(5)));
}

/*
 * What a disk held is given back when its backend has let go of the pages, and its watch when xl
 * has removed it from xenstore.
 */
static void wait_removed(unsigned int devices)
{
    uint64_t end = deadline_after(SECONDS(20));

    while ((gnttab_quarantined() > 0 || xenbus_devices() > devices) && clock_monotonic() < end)
        thread_sleep_until(deadline_after(MILLISECONDS(20)));
    CHECK(xenbus_devices() == devices);
    thread_sleep_until(deadline_after(MILLISECONDS(100)));
}

static void test_vanish(const struct check_usage *with_disk)
{
    struct check_usage without_disk;

    wait_vanished("xvdd");
    wait_removed(5);
    without_disk = disks_usage_now();
    CHECK(without_disk.ports == with_disk->ports - 1);
    CHECK(without_disk.grants < with_disk->grants && without_disk.pages < with_disk->pages);
    wait_back("xvdd");
    test_sum("xvdd", 4096);
    wait_vanished("xvdd");
    wait_removed(5);
    check_usage_compare(&without_disk, disks_usage_now(), 16);
}

int main(void)
{
    struct check_usage before;

    model_open(&models[0], "/dev/xvda");
    model_open(&models[1], "/dev/xvdb");
    for (unsigned int i = 0; i < 2; i++)
        say_sum("read", models[i].device->name, models[i].contents, models[i].device->size);
    CHECK(models[0].device->sector_size == 512 && models[1].device->sector_size == 4096);
    test_sum("xvdc", 4096);
    test_sum("xvdd", 4096);
    test_sum("xvde", 5000);
    test_sum("xvdf", sizeof(scratch));
    test_all();
    thread_sleep_until(deadline_after(MILLISECONDS(100)));
    before = disks_usage_now();
    test_all();
    thread_sleep_until(deadline_after(MILLISECONDS(100)));
    check_usage_compare(&before, disks_usage_now(), 0);
    wait_unmapping();
    test_all();
    thread_sleep_until(deadline_after(MILLISECONDS(100)));
    check_usage_compare(&before, disks_usage_now(), 0);
    test_resize("xvdf");
    thread_sleep_until(deadline_after(MILLISECONDS(100)));
    before = disks_usage_now();
    test_vanish(&before);
    for (unsigned int i = 0; i < 2; i++) {
        model_write(&models[i], 12345, 23456, 77);
        CHECK(fsync(models[i].descriptor) == 0);
        model_compare_all(&models[i]);
        say_sum("written", models[i].device->name, models[i].contents, models[i].device->size);
        CHECK(close(models[i].descriptor) == 0);
        free(models[i].contents);
    }
    return check_verdict();
}
