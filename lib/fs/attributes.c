/* SPDX-License-Identifier: MIT */
/* Attributes of nodes, asked for and set; symbolic links' texts. */
#include <errno.h>
#include <sys/statvfs.h>

#include "internal.h"

bool node_is_read_only(const struct node *node)
{
    uint32_t type = file_type(&node->attributes);

    return node->mount->read_only &&
           (type == FILE_REGULAR || type == FILE_DIRECTORY || type == FILE_LINK);
}

int node_attributes(struct node *node, struct file_attributes *attributes)
{
    int result = node->operations->refresh != NULL ? node->operations->refresh(node) : 0;

    *attributes = node->attributes;
    attributes->device = node->mount->device_number;
    return result;
}

static int check_size(const struct node *node)
{
    if (node_is(node, FILE_DIRECTORY))
        return -EISDIR;
    return node_is(node, FILE_REGULAR) ? 0 : -EINVAL;
}

static void store(struct file_attributes *to, const struct file_attributes *from,
                  unsigned int which)
{
    if (which & ATTRIBUTE_MODE)
        to->mode = (to->mode & FILE_TYPE) | (from->mode & FILE_PERMISSIONS);
    if (which & ATTRIBUTE_UID)
        to->uid = from->uid;
    if (which & ATTRIBUTE_GID)
        to->gid = from->gid;
    if (which & ATTRIBUTE_ACCESSED)
        to->accessed = from->accessed;
    if (which & ATTRIBUTE_MODIFIED)
        to->modified = from->modified;
    to->changed = (int64_t)clock_realtime();
}

int node_set_attributes(struct node *node, const struct file_attributes *attributes,
                        unsigned int which)
{
    int result = which & ATTRIBUTE_SIZE ? check_size(node) : 0;

    if (result != 0)
        return result;
    if (node->mount->read_only || node->operations->set_attributes == NULL)
        return -EROFS;
    result = node->operations->set_attributes(node, attributes, which);
    if (result == 0)
        store(&node->attributes, attributes, which);
    return result;
}

int node_statvfs(struct node *node, struct statvfs *status)
{
    struct mount *mount = node->mount;

    return mount->operations->statvfs != NULL ? mount->operations->statvfs(mount, status) : -ENOSYS;
}

int node_target(struct node *node, char **target)
{
    return node_is(node, FILE_LINK) ? node->operations->target(node, target) : -EINVAL;
}
