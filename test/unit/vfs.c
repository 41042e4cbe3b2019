/* SPDX-License-Identifier: MIT */
/*
 * The VFS over a file system that sleeps, counts and fails as it is told: the cache of names, changes
 * while somebody walks, mounts and what they lie on, sync() beside unmount. And ramfs with many names.
 */
// SRCS: test/unit/fakes.c $(TEST_VFS) $(TEST_RAMFS)
// CFLAGS: -fsanitize-coverage=trace-pc -include test/unit/posix_names.h -Wl,-T,test/unit/sets.ld
#include "fakes.h"

#include <errno.h>
#include <string.h>

#include "../../lib/fs/ramfs/ramfs.h"
#include "lib/mm/heap.h"
#include "lib/mm/memory_pressure.h"
#include "lib/sched/sched.h"
#include "steps.h"
#include "vfs_user.h"

/*
 * "slow": a root with directories "a" to "i", all of them the same, and one file "file" in each, made
 * anew by each lookup. Names that begin with "n" are not there.
 */
struct slow_node {
    struct node node;
    struct node *parent;
};
static unsigned int lookups, syncs, alive;
static uint64_t delay;
static int refresh_error;
static bool can_make, slow_to_go;

static void pause_a_while(void)
{
    if (delay > 0)
        thread_sleep_until(deadline_after(delay));
}

static const struct node_operations slow_operations;

static struct node *slow_make(struct mount *mount, struct node *parent, uint32_t mode)
{
    struct slow_node *made = kernel_alloc(sizeof(*made));

    node_init(&made->node, mount, &slow_operations);
    made->node.attributes.mode = mode;
    made->node.attributes.links = 1;
    made->parent = parent != NULL ? node_get(parent) : NULL;
    alive++;
    return &made->node;
}

static int slow_lookup(struct node *directory, const struct name *name, struct node **node)
{
    lookups++;
    pause_a_while();
    if (name->text[0] == '.') {
        *node = node_get(container_of(directory, struct slow_node, node)->parent);
        return 0;
    }
    if (name->text[0] == 'n' || name->text[0] == 'w')
        return -ENOENT;
    *node = slow_make(directory->mount, directory,
                      name->length == 1 ? FILE_DIRECTORY | 0755 : FILE_REGULAR | 0644);
    return 0;
}

static int slow_create(struct node *directory, const struct name *name,
                       const struct node_wish *wish, struct node **node)
{
    (void)name;
    if (name->text[0] == 'w') /* a disk that contradicts itself */
        return -EEXIST;
    if (!can_make)
        return -ENOSPC;
    *node = slow_make(directory->mount, directory, wish->mode);
    return 0;
}

static int slow_remove(struct node *directory, const struct name *name, struct node *node)
{
    (void)directory;
    (void)name;
    pause_a_while();
    node->attributes.links = 0;
    return 0;
}

static int slow_readdir(struct node *directory, struct directory_position *position,
                        struct directory_entry *entry)
{
    (void)directory;
    return directory_entry_dots(position, entry, 1, 1);
}

static int slow_name_of(struct node *directory, char *name)
{
    (void)directory;
    strcpy(name, "a");
    return 0;
}

static int slow_refresh(struct node *node)
{
    (void)node;
    return refresh_error;
}

static void slow_release(struct node *node)
{
    struct slow_node *released = container_of(node, struct slow_node, node);

    if (slow_to_go)
        pause_a_while();
    if (released->parent != NULL)
        node_put(released->parent);
    kernel_free(released);
    alive--;
}

static const struct node_operations slow_operations = {
    .lookup = slow_lookup,
    .create = slow_create,
    .remove = slow_remove,
    .readdir = slow_readdir,
    .name_of = slow_name_of,
    .refresh = slow_refresh,
    .release = slow_release,
};

static int slow_sync(struct mount *mount)
{
    (void)mount;
    syncs++;
    pause_a_while();
    return -EIO;
}

static const struct mount_operations slow_mount_operations = { .sync = slow_sync };

static int slow_mount(struct mount *mount, struct block_device *device)
{
    (void)device;
    mount->operations = &slow_mount_operations;
    mount->root = slow_make(mount, NULL, FILE_DIRECTORY | 0755);
    return 0;
}

static const struct filesystem_type slow_type = { .name = "slow", .mount = slow_mount };
FILESYSTEM_TYPE(slow, slow_type);

static int set_up(void **state)
{
    (void)state;
    delay = 0;
    refresh_error = 0;
    can_make = false;
    lookups = syncs = 0;
    return vfs_mount("/", NULL, "slow");
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(vfs_unmount("/"), 0);
    assert_int_equal(alive, 0);
    return 0;
}

static int open_and_close(const char *path, int flags)
{
    struct file *file;
    int result = vfs_open(NULL, path, flags, 0644, &file);

    if (result == 0)
        file_put(file);
    return result;
}

static void names_are_cached(void **state)
{
    unsigned int before;

    (void)state;
    assert_int_equal(stat_of("/a/b/file"), 0);
    before = lookups;
    assert_int_equal(before, 3);
    assert_int_equal(stat_of("/a/b/file"), 0);
    assert_int_equal(stat_of("/a/b"), 0);
    assert_int_equal(lookups, before);
    assert_int_equal(stat_of("/a/none"), -ENOENT);
    assert_int_equal(stat_of("/a/none"), -ENOENT);
    assert_int_equal(lookups, before + 1);
    can_make = true;
    assert_int_equal(open_and_close("/a/none", O_WRONLY | O_CREAT),
                     0); /* no longer cached as missing */
    assert_int_equal(vfs_unlink(NULL, "/a/b/file"), 0);
    before = lookups;
    assert_int_equal(stat_of("/a/b/file"), 0); /* asked for anew */
    assert_int_equal(lookups, before + 1);
}

static void the_cache_is_bounded(void **state)
{
    char path[32];
    size_t total = fake_pages_total;

    (void)state;
    fake_pages_total = 256; /* a MiB: four pages of names */
    for (int i = 0; i < 2000; i++) {
        snprintf(path, sizeof(path), "/a/file%d", i);
        assert_int_equal(stat_of(path), 0);
    }
    assert_true(alive < 260);
    assert_true(alive > 20);
    lookups = 0;
    assert_int_equal(stat_of(path), 0); /* the youngest is there still */
    assert_int_equal(lookups, 0);
    memory_pressure_release(1000);
    assert_true(alive < 5);
    assert_int_equal(stat_of(path), 0);
    assert_int_equal(lookups, 2);
    fake_pages_total = total;
}

static void leaks_nothing_on_errors(void **state)
{
    (void)state;
    refresh_error = -EIO;
    can_make = true;
    assert_int_equal(open_and_close("/a/file", O_RDONLY), -EIO);
    assert_int_equal(open_and_close("/a/new", O_WRONLY | O_CREAT), -EIO);
    assert_int_equal(stat_of("/a/file"), -EIO);
    assert_int_equal(open_and_close("/a/file", O_RDONLY | O_CREAT | O_EXCL), -EEXIST);
    assert_int_equal(open_and_close("/a", O_WRONLY), -EIO);
    refresh_error = 0;
    assert_int_equal(open_and_close("/a", O_WRONLY), -EISDIR);
    assert_int_equal(open_and_close("/a/wrong", O_WRONLY | O_CREAT), -EEXIST);
}

/* While one thread looks a name up, another removes it: what the first found is not remembered. */
static void look(void *unused)
{
    (void)unused;
    assert_int_equal(stat_of("/a/file"), 0);
}

static void changes_meanwhile(void **state)
{
    struct node *directory;

    (void)state;
    assert_int_equal(vfs_find(NULL, "/a", VFS_FOLLOW, &directory), 0);
    delay = MILLISECONDS(2);
    thread_create("look", look, NULL);
    thread_yield();
    delay = 0;
    assert_int_equal(vfs_unlink(NULL, "/a/file"), 0);
    fake_run_others();
    thread_sleep_until(deadline_after(MILLISECONDS(5)));
    lookups = 0;
    assert_int_equal(stat_of("/a/file"), 0);
    assert_int_equal(lookups, 1);
    node_put(directory);
}

/* The directory goes while somebody is about to make a file in it. */
static int made = 1;

static void make_in_b(void *unused)
{
    (void)unused;
    made = open_and_close("/b/new", O_WRONLY | O_CREAT);
}

static void directory_goes_meanwhile(void **state)
{
    (void)state;
    can_make = true;
    assert_int_equal(stat_of("/b"), 0);
    delay = MILLISECONDS(2);
    thread_create("make", make_in_b, NULL); /* sleeps in looking up "new" */
    thread_yield();
    delay = 0;
    assert_int_equal(vfs_rmdir(NULL, "/b"), 0);
    thread_sleep_until(deadline_after(MILLISECONDS(5)));
    assert_int_equal(made, -ENOENT);
}

static int unmounted;

static void unmount_soon(void *after)
{
    thread_sleep_until(deadline_after((uintptr_t)after));
    unmounted = vfs_unmount("/b");
}

/* sync() sleeps for 4 ms in each of three mounts; after so many, the second is unmounted. */
static void sync_and_unmount(uint64_t after)
{
    syncs = 0;
    unmounted = 1;
    delay = MILLISECONDS(4);
    thread_create("unmount", unmount_soon, (void *)(uintptr_t)after);
    assert_int_equal(vfs_sync(), -EIO);
    thread_sleep_until(deadline_after(MILLISECONDS(20)));
    delay = 0;
}

static void sync_beside_unmount(void **state)
{
    (void)state;
    assert_int_equal(vfs_mount("/b", NULL, "slow"), 0);
    assert_int_equal(vfs_mount("/c", NULL, "slow"), 0);
    sync_and_unmount(MILLISECONDS(6)); /* while sync() sleeps in it */
    assert_int_equal(unmounted, -EBUSY);
    assert_int_equal(syncs, 3);
    sync_and_unmount(MILLISECONDS(2)); /* while it sleeps in the one before */
    assert_int_equal(unmounted, 0);
    assert_int_equal(syncs, 2);
    assert_int_equal(vfs_unmount("/c"), 0);
}

/* An unmount sleeps while it lets go of cached names, and another one comes. */
static void two_unmounts(void **state)
{
    (void)state;
    assert_int_equal(vfs_mount("/b", NULL, "slow"), 0);
    assert_int_equal(stat_of("/b/file"), 0);
    unmounted = 1;
    slow_to_go = true;
    delay = MILLISECONDS(4);
    thread_create("unmount", unmount_soon, (void *)(uintptr_t)MILLISECONDS(2));
    assert_int_equal(vfs_unmount("/b"), 0);
    thread_sleep_until(deadline_after(MILLISECONDS(20)));
    slow_to_go = false;
    delay = 0;
    assert_int_equal(unmounted, -EBUSY);
}

/* Where no directory can be made, mounts lie on stand-ins; and all go when their mount goes. */
static void stand_ins(void **state)
{
    struct directory_entry entry;
    struct file *file;
    char path[64];

    (void)state;
    assert_int_equal(vfs_mount("/none/nothing/here", NULL, "ramfs"), 0);
    assert_int_equal(make_directory("/none/nothing/here/d", 0755), 0);
    assert_int_equal(stat_of("/none/nothing/here/d/../../../../none"), 0);
    assert_int_equal(change_directory("/none/nothing/here/d"), 0);
    assert_true(vfs_getcwd(path, sizeof(path)) > 0);
    assert_string_equal(path, "/none/nothing/here/d");
    assert_int_equal(vfs_open(NULL, "/none", O_RDONLY, 0, &file), 0);
    assert_int_equal(file->operations->readdir(file, &entry), 1);
    assert_int_equal(file->operations->readdir(file, &entry), 1);
    assert_int_equal(file->operations->readdir(file, &entry), 0);
    assert_int_equal(vfs_unmount("/none/nothing/here"), -EBUSY);
    assert_int_equal(change_directory("/"), 0);
    assert_int_equal(vfs_unmount("/none/nothing/here"), 0);
    file_put(file);
    memory_pressure_release(1000);
    assert_int_equal(stat_of("/none/nothing"), -ENOENT);
    assert_int_equal(vfs_mount("/a/file", NULL, "ramfs"), -ENOTDIR);
}

/* A root on top of a root takes along what was mounted below it. */
static void a_root_on_top(void **state)
{
    (void)state;
    assert_int_equal(vfs_mount("/none", NULL, "ramfs"), 0);
    assert_int_equal(make_directory("/none/d", 0755), 0);
    assert_int_equal(vfs_mount("/none/d", NULL, "ramfs"), 0);
    assert_int_equal(make_directory("/none/d/e", 0755), 0);
    assert_int_equal(vfs_mount("/", NULL, "ramfs"), 0);
    assert_int_equal(stat_of("/none/d/e"), 0);
    assert_int_equal(stat_of("/a"), -ENOENT);
    assert_int_equal(vfs_rmdir(NULL, "/none"), -EBUSY);
    assert_int_equal(vfs_unmount("/"), -EBUSY);
    assert_int_equal(vfs_unmount("/none/d"), 0);
    assert_int_equal(vfs_unmount("/none"), 0);
    assert_int_equal(vfs_rmdir(NULL, "/none"), 0);
    assert_int_equal(vfs_unmount("/"), 0);
    assert_int_equal(stat_of("/a"), 0);
}

static void many_mounts(void **state)
{
    char path[32];

    (void)state;
    assert_int_equal(vfs_mount("/a", NULL, "ramfs"), 0);
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "/a/%d", i);
        assert_int_equal(vfs_mount(path, NULL, "ramfs"), 0);
    }
    assert_int_equal(stat_of("/a/99"), 0);
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "/a/%d", i);
        assert_int_equal(vfs_unmount(path), 0);
    }
    assert_int_equal(vfs_unmount("/a"), 0);
}

static int ramfs_set_up(void **state)
{
    (void)state;
    return vfs_mount("/", NULL, "ramfs");
}

static int ramfs_tear_down(void **state)
{
    (void)state;
    assert_int_equal(vfs_unmount("/"), 0);
    assert_int_equal(ramfs_used, 0);
    return 0;
}

static void make_numbered(int number)
{
    char path[32];

    snprintf(path, sizeof(path), "/d/name%d", number);
    assert_int_equal(open_and_close(path, O_WRONLY | O_CREAT | O_EXCL), 0);
}

struct costs {
    unsigned long create, find, list, rename, remove;
};

/* What 200 calls of each kind cost, with the names up to `count` in the directory. */
static void measure(int count, struct costs *costs)
{
    struct directory_entry entry;
    struct file *file;
    char path[32];

    assert_int_equal(vfs_open(NULL, "/d", O_RDONLY, 0, &file), 0);
    steps();
    for (int i = 0; i < 200; i++)
        make_numbered(count + i);
    costs->create = steps();
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "/d/name%d", i * (count / 200 + 1) % count);
        assert_int_equal(stat_of(path), 0);
    }
    costs->find = steps();
    for (int i = 0; i < 202; i++)
        assert_true(file->operations->readdir(file, &entry) == 1 || count < 10);
    file->position = count;
    for (int i = 0; i < 100; i++)
        assert_int_equal(file->operations->readdir(file, &entry), 1);
    costs->list = steps();
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "/d/name%d", count + i);
        assert_int_equal(vfs_rename(NULL, path, NULL, "/d/renamed"), 0);
        assert_int_equal(vfs_rename(NULL, "/d/renamed", NULL, path), 0);
    }
    costs->rename = steps();
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "/d/name%d", count + i);
        assert_int_equal(vfs_unlink(NULL, path), 0);
    }
    costs->remove = steps();
    file_put(file);
}

/* 100,000 names in a directory at the cost of ten. */
static void many_names(void **state)
{
    struct costs few, many;
    size_t total = fake_pages_total;

    (void)state;
    fake_pages_total = 1u << 20;
    assert_int_equal(make_directory("/d", 0755), 0);
    for (int i = 0; i < 10; i++)
        make_numbered(i);
    measure(10, &few);
    for (int i = 10; i < 100000; i++)
        make_numbered(i);
    measure(100000, &many);
    assert_true(many.create < 2 * few.create);
    assert_true(many.find < 2 * few.find);
    assert_true(many.list < 2 * few.list);
    assert_true(many.rename < 2 * few.rename);
    assert_true(many.remove < 2 * few.remove);
    fake_pages_total = total;
}

/* Names come and go while somebody lists: each that stays is told once. */
static void listing_stays(void **state)
{
    struct directory_entry entry;
    unsigned char seen[1000] = { 0 };
    struct file *file;
    char path[32];
    int number, next = 1000;

    (void)state;
    assert_int_equal(make_directory("/d", 0755), 0);
    for (int i = 0; i < 1000; i++)
        make_numbered(i);
    assert_int_equal(vfs_open(NULL, "/d", O_RDONLY, 0, &file), 0);
    while (file->operations->readdir(file, &entry) == 1 && next < 1300) {
        if (sscanf(entry.name, "name%d", &number) != 1 || number >= 1000)
            continue;
        seen[number]++;
        if (number % 3 == 1 && number > 1) { /* one behind, one ahead, and a new one */
            snprintf(path, sizeof(path), "/d/name%d", number - 2);
            vfs_unlink(NULL, path);
            snprintf(path, sizeof(path), "/d/name%d", number + 1);
            vfs_unlink(NULL, path);
            make_numbered(next++);
        }
    }
    file_put(file);
    for (int i = 0; i < 900; i++)
        assert_int_equal(seen[i], i % 3 == 2 && i > 2 ? 0 : 1);
}

/* Nodes and names count: a directory of empty files ends in ENOSPC, and not in a guest without memory. */
static void names_fill_it(void **state)
{
    char path[300], name[200];
    size_t total = fake_pages_total;
    int i, result = 0;

    (void)state;
    fake_pages_total = 256; /* half of that is ramfs' */
    memset(name, 'n', sizeof(name));
    name[199] = '\0';
    for (i = 0; result == 0 && i < 5000; i++) {
        snprintf(path, sizeof(path), "/%s%d", name, i);
        result = open_and_close(path, O_WRONLY | O_CREAT);
    }
    assert_int_equal(result, -ENOSPC);
    assert_true(ramfs_used <= 128 * 4096);
    assert_true(i > 500 && i < 2000);
    snprintf(path, sizeof(path), "/%s%d", name, 0);
    assert_int_equal(vfs_unlink(NULL, path), 0);
    assert_int_equal(make_link("x", "/s"), 0);
    fake_pages_total = 128; /* `xl mem-set` took memory: the limit follows */
    assert_int_equal(make_directory("/d", 0755), -ENOSPC);
    fake_pages_total = 512;
    assert_int_equal(make_directory("/d", 0755), 0);
    fake_pages_total = total;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_are_cached, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_cache_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaks_nothing_on_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(changes_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(directory_goes_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sync_beside_unmount, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_unmounts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stand_ins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_root_on_top, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_mounts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_names, ramfs_set_up, ramfs_tear_down),
        cmocka_unit_test_setup_teardown(listing_stays, ramfs_set_up, ramfs_tear_down),
        cmocka_unit_test_setup_teardown(names_fill_it, ramfs_set_up, ramfs_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
