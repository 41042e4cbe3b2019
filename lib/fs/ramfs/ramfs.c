/* SPDX-License-Identifier: MIT */
/*
 * ramfs: files and directories in memory, the root of every image with a VFS.
 *
 * A name is an object that leads from a directory to a node; there may be several to a node. All
 * names are in one hash table, by directory and text, and each directory has a tree of its own by
 * cookie, which listings go along: cookies grow with each name that is added and are never used
 * again, so that names which come and go meanwhile cause no other to be skipped or told twice.
 *
 * A node without names lives until its last user is gone. All ramfs mounts together take at most
 * half of memory, so that a full file system does not starve the network; then writing answers
 * ENOSPC.
 */
#include "ramfs.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "lib/mm/heap.h"
#include "lib/mm/pages.h"
#include "lib/random/random.h"

struct ramfs_name {
    struct hash_link link;
    struct tree_node by_cookie; /* key: see cookie_key() */
    struct ramfs_node *directory, *node;
    size_t length;
    char text[];
};

static struct hash_table names = HASH_TABLE_INIT(names);
static uint64_t seed;

static struct ramfs_node *ramfs_node_of(struct node *node)
{
    return container_of(node, struct ramfs_node, node);
}

static struct ramfs_name *name_at(struct tree_node *by_cookie)
{
    return container_of(by_cookie, struct ramfs_name, by_cookie);
}

/* The tree looks up the next lower key: the higher the cookie, the lower its key. */
static uint64_t cookie_key(uint64_t cookie)
{
    return UINT64_MAX - cookie;
}

/* A block of the heap that counts: NULL when the limit is reached or memory is out. */
static void *allocate(size_t size)
{
    void *block = kernel_alloc_zeroed(1, size);

    if (block != NULL && !ramfs_reserve(kernel_block_size(block))) {
        kernel_free(block);
        return NULL;
    }
    return block;
}

static void release(void *block)
{
    ramfs_used -= kernel_block_size(block);
    kernel_free(block);
}

static void touch(struct ramfs_node *node)
{
    node->node.attributes.modified = node->node.attributes.changed = (int64_t)clock_realtime();
}

static uint32_t hash_of(const struct ramfs_node *directory, const struct name *name)
{
    return hash_bytes(seed ^ directory->node.serial << 32, name->text, name->length);
}

static struct ramfs_name *find(const struct ramfs_node *directory, const struct name *name)
{
    uint32_t hash = hash_of(directory, name);
    struct hash_link *link;

    for (link = hash_chain(&names, hash); link != NULL; link = link->next) {
        struct ramfs_name *found = container_of(link, struct ramfs_name, link);

        if (link->hash == hash && found->directory == directory && found->length == name->length &&
            memcmp(found->text, name->text, name->length) == 0)
            return found;
    }
    return NULL;
}

static bool is_folder(const struct ramfs_node *node)
{
    return file_type(&node->node.attributes) == FILE_DIRECTORY;
}

static struct ramfs_name *name_create(const struct name *name)
{
    struct ramfs_name *made = allocate(sizeof(*made) + name->length);

    if (made == NULL)
        return NULL;
    made->length = name->length;
    memcpy(made->text, name->text, name->length);
    return made;
}

/* The name leads to the node from now on. Directories count those below, by their "..". */
static void attach(struct ramfs_node *directory, struct ramfs_name *name, struct ramfs_node *node)
{
    struct name text = { name->text, name->length };

    name->directory = directory;
    name->node = node;
    name->by_cookie.key = cookie_key(directory->directory.next_cookie++);
    tree_insert(&directory->directory.names, &name->by_cookie);
    hash_insert(&names, &name->link, hash_of(directory, &text));
    node->node.attributes.links++;
    node->node.attributes.changed = (int64_t)clock_realtime();
    if (is_folder(node)) {
        directory->node.attributes.links++;
        node->directory.own = name;
    }
    touch(directory);
}

/* And now no more: the name is freed, and the node is as it was before it had the name. */
static void detach(struct ramfs_name *name)
{
    struct ramfs_node *directory = name->directory, *node = name->node;

    tree_remove(&directory->directory.names, &name->by_cookie);
    hash_remove(&names, &name->link);
    node->node.attributes.links--;
    node->node.attributes.changed = (int64_t)clock_realtime();
    if (is_folder(node)) {
        directory->node.attributes.links--;
        node->directory.own = NULL;
    }
    touch(directory);
    release(name);
}

static const struct node_operations ramfs_operations;

/* With one reference, and no name yet. */
static struct ramfs_node *ramfs_node_create(struct mount *mount, const struct node_wish *wish)
{
    struct ramfs_node *made = allocate(sizeof(*made));
    struct file_attributes *attributes;

    if (made == NULL)
        return NULL;
    node_init(&made->node, mount, &ramfs_operations);
    attributes = &made->node.attributes;
    attributes->inode = made->node.serial;
    attributes->mode = wish->mode;
    attributes->block_size = PAGE_SIZE;
    touch(made);
    attributes->accessed = attributes->modified;
    if (is_folder(made)) {
        attributes->links = 1; /* its own "." */
        made->directory.next_cookie = DIRECTORY_FIRST_COOKIE;
    } else if (wish->target != NULL) {
        attributes->size = strlen(wish->target);
        made->target = allocate(attributes->size + 1);
        if (made->target == NULL) {
            node_put(&made->node);
            return NULL;
        }
        memcpy(made->target, wish->target, attributes->size);
    }
    return made;
}

/* Without users: it goes if it has no name either. A directory without one has the link of its ".". */
static void ramfs_release(struct node *released)
{
    struct ramfs_node *node = ramfs_node_of(released);

    if (released->attributes.links > 0)
        return;
    if (file_type(&released->attributes) == FILE_REGULAR)
        ramfs_pages_cut(&node->pages, 0);
    else if (file_type(&released->attributes) == FILE_LINK && node->target != NULL)
        release(node->target);
    release(node);
}

static int ramfs_lookup(struct node *node, const struct name *name, struct node **found)
{
    struct ramfs_node *directory = ramfs_node_of(node);
    struct ramfs_name *entry;

    if (name->length == 2 && name->text[0] == '.' && name->text[1] == '.') {
        entry = directory->directory.own;
        if (entry != NULL)
            *found = node_get(&entry->directory->node);
        return entry != NULL ? 0 : -ENOENT;
    }
    entry = find(directory, name);
    if (entry == NULL)
        return -ENOENT;
    *found = node_get(&entry->node->node);
    return 0;
}

static int ramfs_create(struct node *directory, const struct name *name,
                        const struct node_wish *wish, struct node **node)
{
    struct ramfs_name *entry = name_create(name);
    struct ramfs_node *made = entry != NULL ? ramfs_node_create(directory->mount, wish) : NULL;

    if (made == NULL) {
        if (entry != NULL)
            release(entry);
        return -ENOSPC;
    }
    attach(ramfs_node_of(directory), entry, made);
    *node = &made->node;
    return 0;
}

static int ramfs_link(struct node *directory, const struct name *name, struct node *node)
{
    struct ramfs_name *entry = name_create(name);

    if (entry == NULL)
        return -ENOSPC;
    attach(ramfs_node_of(directory), entry, ramfs_node_of(node));
    return 0;
}

static bool has_names(const struct ramfs_node *node)
{
    return is_folder(node) && node->directory.names != NULL;
}

static void remove_entry(struct ramfs_name *entry)
{
    struct node *node = &entry->node->node;

    detach(entry);
    if (file_type(&node->attributes) == FILE_DIRECTORY)
        node->attributes.links = 0;
}

static int ramfs_remove(struct node *directory, const struct name *name, struct node *node)
{
    if (has_names(ramfs_node_of(node)))
        return -ENOTEMPTY;
    remove_entry(find(ramfs_node_of(directory), name));
    return 0;
}

/* All that can fail comes first. */
static int ramfs_rename(struct node *from, const struct name *old_name, struct node *to,
                        const struct name *new_name, struct node *node, struct node *victim)
{
    struct ramfs_name *entry;

    if (victim != NULL && has_names(ramfs_node_of(victim)))
        return -ENOTEMPTY;
    entry = name_create(new_name);
    if (entry == NULL)
        return -ENOSPC;
    if (victim != NULL)
        remove_entry(find(ramfs_node_of(to), new_name));
    detach(find(ramfs_node_of(from), old_name));
    attach(ramfs_node_of(to), entry, ramfs_node_of(node));
    return 0;
}

static int ramfs_readdir(struct node *node, struct directory_position *position,
                         struct directory_entry *entry)
{
    const struct ramfs_node *directory = ramfs_node_of(node);
    const struct ramfs_name *own = directory->directory.own, *name;
    struct tree_node *next;

    if (directory_entry_dots(position, entry, node->attributes.inode,
                             own != NULL ? own->directory->node.attributes.inode
                                         : node->attributes.inode))
        return 1;
    next = tree_floor(directory->directory.names, cookie_key((uint64_t)position->cookie));
    if (next == NULL)
        return 0;
    name = name_at(next);
    directory_entry_set(entry, name->text, name->length, name->node->node.attributes.mode,
                        name->node->node.attributes.inode);
    position->cookie = (off_t)(cookie_key(next->key) + 1);
    return 1;
}

static int ramfs_name_of(struct node *directory, char *name)
{
    const struct ramfs_name *own = ramfs_node_of(directory)->directory.own;

    memcpy(name, own->text, own->length);
    name[own->length] = '\0';
    return 0;
}

static int ramfs_target(struct node *node, char **target)
{
    *target = kernel_copy_text(ramfs_node_of(node)->target, node->attributes.size);
    return *target != NULL ? 0 : -ENOMEM;
}

static int ramfs_set_attributes(struct node *node, const struct file_attributes *attributes,
                                unsigned int which)
{
    return which & ATTRIBUTE_SIZE ? ramfs_resize(ramfs_node_of(node), attributes->size) : 0;
}

static int ramfs_statvfs(struct mount *mount, struct statvfs *status)
{
    size_t limit = ramfs_limit();
    size_t left = limit > ramfs_used ? (limit - ramfs_used) / PAGE_SIZE : 0;

    (void)mount;
    memset(status, 0, sizeof(*status));
    status->f_bsize = status->f_frsize = PAGE_SIZE;
    status->f_blocks = limit / PAGE_SIZE;
    status->f_bfree = status->f_bavail = left < pages_available() ? left : pages_available();
    status->f_namemax = VFS_NAME_MAX;
    return 0;
}

/* One name of a directory, and what only that led to. */
static void drop(struct ramfs_name *entry)
{
    struct ramfs_node *node = entry->node;

    remove_entry(entry);
    ramfs_release(&node->node);
}

/* Depth first, without recursion: go down to a directory without names, drop it, go on above. */
static void ramfs_unmount(struct mount *mount)
{
    struct ramfs_node *root = mount->private_data, *directory = root;

    for (;;) {
        struct ramfs_name *own = directory->directory.own;

        if (directory->directory.names != NULL) {
            struct ramfs_name *entry = name_at(directory->directory.names);

            if (is_folder(entry->node))
                directory = entry->node;
            else
                drop(entry);
        } else if (own != NULL) {
            directory = own->directory;
            drop(own);
        } else {
            break;
        }
    }
    root->node.attributes.links = 0;
    ramfs_release(&root->node);
}

static const struct node_operations ramfs_operations = {
    .lookup = ramfs_lookup,
    .create = ramfs_create,
    .link = ramfs_link,
    .remove = ramfs_remove,
    .rename = ramfs_rename,
    .readdir = ramfs_readdir,
    .name_of = ramfs_name_of,
    .target = ramfs_target,
    .read = ramfs_read,
    .write = ramfs_write,
    .set_attributes = ramfs_set_attributes,
    .release = ramfs_release,
};

static const struct mount_operations ramfs_mount_operations = {
    .statvfs = ramfs_statvfs,
    .unmount = ramfs_unmount,
};

static int ramfs_mount(struct mount *mount, struct block_device *device)
{
    static const struct node_wish wish = { .mode = FILE_DIRECTORY | 0755 };
    struct ramfs_node *root = ramfs_node_create(mount, &wish);

    (void)device;
    if (root == NULL)
        return -ENOMEM;
    if (seed == 0)
        seed = random_u32();
    root->node.attributes.links = 2;
    mount->operations = &ramfs_mount_operations;
    mount->private_data = root;
    mount->root = &root->node;
    mount->quick_names = true;
    return 0;
}

static const struct filesystem_type ramfs_type = {
    .name = "ramfs",
    .mount = ramfs_mount,
};
FILESYSTEM_TYPE(ramfs, ramfs_type);
