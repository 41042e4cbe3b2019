/* SPDX-License-Identifier: MIT */
/*
 * Nodes: references, and the table of those that file systems make on demand.
 *
 * A reference of a node counts for its mount too, which is how a mount knows that it is in use.
 */
#include <string.h>

#include "internal.h"

static struct hash_table nodes = HASH_TABLE_INIT(nodes);
static uint64_t last_serial;

void node_init(struct node *node, struct mount *mount, const struct node_operations *operations)
{
    memset(node, 0, sizeof(*node));
    node->operations = operations;
    node->mount = mount;
    node->serial = ++last_serial;
    node->references = 1;
    mount->references++;
}

struct node *node_get(struct node *node)
{
    node->references++;
    node->mount->references++;
    return node;
}

void node_put(struct node *node)
{
    struct mount *mount = node->mount;

    if (--node->references == 0)
        node->operations->release(node);
    mount->references--;
}

static uint32_t inode_hash(const struct mount *mount, uint64_t inode)
{
    return hash_bytes(mount->device_number, &inode, sizeof(inode));
}

struct node *node_find(struct mount *mount, uint64_t inode)
{
    uint32_t hash = inode_hash(mount, inode);
    struct hash_link *link;

    for (link = hash_chain(&nodes, hash); link != NULL; link = link->next) {
        struct node *node = container_of(link, struct node, by_inode);

        if (link->hash == hash && node->mount == mount && node->attributes.inode == inode)
            return node_get(node);
    }
    return NULL;
}

void node_insert(struct node *node)
{
    hash_insert(&nodes, &node->by_inode, inode_hash(node->mount, node->attributes.inode));
}

void node_remove(struct node *node)
{
    hash_remove(&nodes, &node->by_inode);
}
