/* SPDX-License-Identifier: MIT */
/*
 * What xenstore says of a device: where its backend is, the state that this shows, and whether it
 * is still the same device. All of it is other people's data.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/printk.h"
#include "xenbus_internal.h"
#include "lib/mm/heap.h"

#define DOMAIN_MAX (DOMID_FIRST_RESERVED - 1)

bool xenbus_answered(int error)
{
    return error == -ENOENT || error == -EACCES || error == -EINVAL || error == -ERANGE;
}

int xenbus_backend_state(struct xenbus_device *device, enum xenbus_state *state)
{
    uint64_t number = XenbusStateUnknown;
    int error = xenstore_read_number(XENSTORE_NONE, device->backend, "state", XenbusStateUnknown,
                                     XenbusStateReconfigured, &number);

    if (error != 0 && !xenbus_answered(error))
        return error;
    if (error != 0 && error != -ENOENT && !device->bad_state_reported) {
        device->bad_state_reported = true;
        printk_limited(&device->log, "xenbus: %s: no valid state in %s: %d", device->node,
                       device->backend, error);
    }
    *state = (enum xenbus_state)number;
    return 0;
}

/* "/local/domain/<backend's domain>/…", of printable characters only. */
static bool backend_path_valid(const char *path, size_t length, unsigned int domain)
{
    char prefix[32];
    size_t prefix_length = (size_t)ksnprintf(prefix, sizeof(prefix), "/local/domain/%u/", domain);

    for (size_t i = 0; i < length; i++)
        if (path[i] <= ' ' || path[i] > '~')
            return false;
    return length > prefix_length && strncmp(path, prefix, prefix_length) == 0 &&
           path[length - 1] != '/';
}

static int find_backend(const struct xenbus_device *device, char path[XENBUS_BACKEND_MAX],
                        uint16_t *domain)
{
    char node[XENBUS_NODE_MAX + 8];
    uint64_t number;
    char *backend;
    size_t length;
    int error =
        xenstore_read_number(XENSTORE_NONE, device->node, "backend-id", 0, DOMAIN_MAX, &number);

    if (error < 0)
        return error;
    ksnprintf(node, sizeof(node), "%s/backend", device->node);
    error = xenstore_read(XENSTORE_NONE, node, &backend, &length);
    if (error < 0)
        return error;
    if (length >= XENBUS_BACKEND_MAX ||
        !backend_path_valid(backend, length, (unsigned int)number)) {
        error = -EINVAL;
    } else {
        memcpy(path, backend, length + 1);
        *domain = (uint16_t)number;
    }
    kernel_free(backend);
    return error;
}

int xenbus_read_backend(struct xenbus_device *device)
{
    return find_backend(device, device->backend, &device->backend_domain);
}

int xenbus_replaced(const struct xenbus_device *device)
{
    char backend[XENBUS_BACKEND_MAX];
    uint16_t domain;
    uint64_t state;
    /* What we could not write for lack of an answer may have been written all the same. */
    bool known = device->state != XenbusStateUnknown && !device->unfinished;
    int error = find_backend(device, backend, &domain);

    if (error == 0 && (domain != device->backend_domain || strcmp(backend, device->backend) != 0))
        return 1;
    if (error == 0 && known)
        error = xenstore_read_number(XENSTORE_NONE, device->node, "state", XenbusStateUnknown,
                                     XenbusStateReconfigured, &state);
    if (error == 0)
        return known && state != device->state;
    return xenbus_answered(error) ? 0 : error;
}
