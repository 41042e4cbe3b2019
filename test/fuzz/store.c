/* SPDX-License-Identifier: MIT */
/* xenstore for the drivers' fuzzers: see store.h. */
#include "store.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "../../xen/bus/xenstore_wire.h"
#include "fuzz.h"
#include "xen/bus/xenbus.h"
#include "xen/bus/xenstore.h"

#define NODES 128

static struct {
    char path[128];
    char value[64];
} nodes[NODES];
static unsigned int node_count;
static struct list watches = LIST_INIT(watches);

int (*store_lie)(const char *path, char value[STORE_VALUE_MAX], size_t *length);
unsigned int store_write_failures;

void store_start(void)
{
    node_count = 0;
    list_init(&watches);
    store_lie = NULL;
    store_write_failures = 0;
}

static int find(const char *path)
{
    for (unsigned int i = 0; i < node_count; i++)
        if (strcmp(nodes[i].path, path) == 0)
            return (int)i;
    return -1;
}

void store_set(const char *path, const char *value)
{
    int i = find(path);

    if (value == NULL) {
        if (i >= 0)
            nodes[i] = nodes[--node_count];
        return;
    }
    if (i < 0) {
        FUZZ_CHECK(node_count < NODES);
        i = (int)node_count++;
        snprintf(nodes[i].path, sizeof(nodes[i].path), "%s", path);
    }
    snprintf(nodes[i].value, sizeof(nodes[i].value), "%s", value);
}

void store_set_number(const char *path, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    store_set(path, text);
}

uint64_t store_number(const char *path)
{
    int i = find(path);
    uint64_t number;

    if (i < 0 || xenstore_parse_number(nodes[i].value, strlen(nodes[i].value), &number) < 0)
        return 0;
    return number;
}

/* The calls that rooms make. */

static int answer(const char *path, char value[STORE_VALUE_MAX + 1], size_t *length)
{
    int i = find(path);
    int lie = store_lie != NULL ? store_lie(path, value, length) : 0;

    if (lie < 0)
        return lie;
    if (lie == 0 && i < 0)
        return -ENOENT;
    if (lie == 0) {
        *length = strlen(nodes[i].value);
        memcpy(value, nodes[i].value, *length);
    }
    value[*length] = '\0';
    return 0;
}

/* Exactly as large as it must be, so that the sanitizer sees who reads beyond. */
int xenstore_read(xenstore_transaction transaction, const char *path, char **value, size_t *length)
{
    char text[STORE_VALUE_MAX + 1];
    size_t size;
    int error = answer(path, text, &size);

    (void)transaction;
    if (error < 0)
        return error;
    *value = malloc(size + 1);
    memcpy(*value, text, size + 1);
    if (length != NULL)
        *length = size;
    return 0;
}

int xenstore_read_number(xenstore_transaction transaction, const char *directory, const char *node,
                         uint64_t minimum, uint64_t maximum, uint64_t *number)
{
    char path[256], *text;
    uint64_t value = 0;
    size_t length;

    snprintf(path, sizeof(path), "%s/%s", directory, node);
    int error = xenstore_read(transaction, path, &text, &length);
    if (error < 0)
        return error;
    error = xenstore_parse_number(text, length, &value);
    free(text);
    if (error < 0)
        return error;
    if (value < minimum || value > maximum)
        return -ERANGE;
    *number = value;
    return 0;
}

int xenstore_write_format(xenstore_transaction transaction, const char *directory, const char *node,
                          const char *format, ...)
{
    char path[256], value[64];
    va_list arguments;

    (void)transaction;
    if (store_write_failures > 0) {
        store_write_failures--;
        return -EIO;
    }
    va_start(arguments, format);
    vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    snprintf(path, sizeof(path), "%s/%s", directory, node);
    store_set(path, value);
    return 0;
}

int xenstore_remove(xenstore_transaction transaction, const char *path)
{
    (void)transaction;
    store_set(path, NULL);
    return 0;
}

/* Names are what follows the directory in the table, once each: ids of devices, all in a row. */
int xenstore_directory(xenstore_transaction transaction, const char *path, char ***names,
                       unsigned int *count)
{
    size_t prefix = strlen(path);
    char text[STORE_VALUE_MAX + 1];
    size_t used = 0;

    (void)transaction;
    for (unsigned int i = 0; i < node_count; i++) {
        const char *name = nodes[i].path + prefix + 1;
        size_t length = strcspn(name, "/");

        if (strncmp(nodes[i].path, path, prefix) != 0 || nodes[i].path[prefix] != '/' ||
            name[length] == '\0' || strcmp(name + length, "/backend") != 0)
            continue;
        memcpy(text + used, name, length);
        text[used + length] = '\0';
        used += length + 1;
    }
    if (store_lie != NULL) {
        int lie = store_lie(path, text, &used);

        if (lie < 0)
            return lie;
    }
    text[used] = '\0';
    int strings = xenstore_count_strings(text, used);
    if (strings < 0)
        return -EIO;
    char **block = malloc((size_t)strings * sizeof(char *) + used + 1);
    char *to = (char *)(block + strings);
    memcpy(to, text, used + 1);
    for (int i = 0; i < strings; i++, to += strlen(to) + 1)
        block[i] = to;
    *names = block;
    *count = (unsigned int)strings;
    return 0;
}

int xenstore_watch_register(struct xenstore_watch *watch)
{
    if (store_write_failures > 0) {
        store_write_failures--;
        return -EIO;
    }
    list_append(&watches, &watch->link);
    return 0;
}

void xenstore_watch_register_later(struct xenstore_watch *watch)
{
    list_append(&watches, &watch->link);
}

void xenstore_watch_unregister(struct xenstore_watch *watch)
{
    list_remove(&watch->link);
}

/* What a timer asks for is done with the next event. */
void xenstore_watch_again(struct xenstore_watch *watch)
{
    watch->attempts = 1; /* asked for */
}

/* A callback may remove watches, its own too: start over after each. */
void store_fire(const char *path)
{
    struct list *node, *next;

    list_for_each (node, next, &watches)
        container_of(node, struct xenstore_watch, link)->state = 1;
    for (node = watches.next; node != &watches;) {
        struct xenstore_watch *watch = container_of(node, struct xenstore_watch, link);
        size_t length = strlen(watch->path);
        bool hit = strncmp(path, watch->path, length) == 0 || watch->attempts == 1;

        node = node->next;
        if (watch->state == 0 || !hit)
            continue;
        watch->state = 0;
        watch->attempts = 0;
        watch->callback(watch, path);
        node = watches.next;
    }
}

/* A toolstack. */

static const char *frontend(const char *type, unsigned int id, const char *node)
{
    static char path[128];

    snprintf(path, sizeof(path), "device/%s/%u/%s", type, id, node);
    return path;
}

static const char *backend(const char *type, unsigned int id, const char *node)
{
    static char path[128];

    snprintf(path, sizeof(path), "/local/domain/0/backend/%s/1/%u/%s", type, id, node);
    return path;
}

void store_device(const char *type, unsigned int id)
{
    char path[64];

    snprintf(path, sizeof(path), "/local/domain/0/backend/%s/1/%u", type, id);
    store_set(frontend(type, id, "backend"), path);
    store_set(frontend(type, id, "backend-id"), "0");
    store_set(frontend(type, id, "state"), "1");
    store_set(backend(type, id, "state"), "1");
    store_set(backend(type, id, "online"), "1");
}

void store_backend_state(const char *type, unsigned int id, unsigned int state)
{
    store_set_number(backend(type, id, "state"), state);
    store_fire(backend(type, id, "state"));
}

void store_backend_set(const char *type, unsigned int id, const char *node, const char *value)
{
    store_set(backend(type, id, node), value);
}

uint64_t store_frontend_number(const char *type, unsigned int id, const char *node)
{
    return store_number(frontend(type, id, node));
}

void store_remove_devices(void)
{
    store_lie = NULL;
    store_write_failures = 0;
    node_count = 0;
    store_fire("device");
}
