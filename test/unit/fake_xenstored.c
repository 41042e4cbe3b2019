/* SPDX-License-Identifier: MIT */
/*
 * The store is a flat table of paths; a transaction is a copy of it with the generation it was
 * made at, and commits only if nothing was written since. Relative paths are those of domain 1.
 */
#include "fake_xenstored.h"

#include <string.h>

#include "xen_fakes.h"

#define NODES 128
#define WATCHES 128
#define TRANSACTIONS 8
#define HOME "/local/domain/1/"
#define MESSAGE_MAX (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX + 1)

struct node {
    char path[256];
    char value[4096];
    uint32_t length;
    bool used;
};

struct message {
    struct message *next;
    uint32_t length, sent;
    char bytes[];
};

static struct node nodes[NODES];
static struct {
    struct node *copy;
    uint64_t generation;
} transactions[TRANSACTIONS];
static struct {
    char path[256], given[256], token[64];
    bool used;
} watches[WATCHES];

static uint64_t generation;
static bool dead; /* after a lie that loses the stream */
static struct message *outgoing, *kept;
static char request[MESSAGE_MAX];
static uint32_t request_length;

struct store_options store_options;
struct xenstore_domain_interface store_ring;
unsigned int store_requests;

/*
 * What a client must keep to: false, and nothing more is said, if it may do otherwise in this
 * test.
 */
static bool sane(bool condition)
{
    CHECK(condition || store_options.careless);
    dead = dead || !condition;
    return condition;
}

static bool absolute(char *target, const char *path)
{
    int length = snprintf(target, 256, "%s%s", path[0] == '/' ? "" : HOME, path);

    return sane(length < 256);
}

static struct node *find(struct node *table, const char *path)
{
    for (unsigned int i = 0; i < NODES; i++)
        if (table[i].used && strcmp(table[i].path, path) == 0)
            return &table[i];
    return NULL;
}

static void queue(const struct xsd_sockmsg *header, const void *payload)
{
    uint32_t length = (uint32_t)sizeof(*header) + header->len;
    struct message *message = malloc(sizeof(*message) + length);
    struct message **end = store_options.silent ? &kept : &outgoing;

    *message = (struct message){ .length = length };
    memcpy(message->bytes, header, sizeof(*header));
    memcpy(message->bytes + sizeof(*header), payload, header->len);
    /* A message that has begun stays first. */
    if (store_options.shuffle && header->type != XS_WATCH_EVENT)
        while (*end != NULL && ((*end)->sent > 0 || fake_random(3) != 0))
            end = &(*end)->next;
    else
        while (*end != NULL)
            end = &(*end)->next;
    message->next = *end;
    *end = message;
}

static void fire(const char *path)
{
    for (unsigned int i = 0; i < WATCHES; i++) {
        size_t length = strlen(watches[i].path);
        char payload[512];

        if (!watches[i].used || strncmp(path, watches[i].path, length) != 0 ||
            (path[length] != '\0' && path[length] != '/'))
            continue;
        bool relative = watches[i].given[0] != '/';
        int size = snprintf(payload, sizeof(payload), "%s%c%s",
                            path + (relative ? strlen(HOME) : 0), '\0', watches[i].token);
        struct xsd_sockmsg header = { .type = XS_WATCH_EVENT, .len = (uint32_t)size + 1 };
        queue(&header, payload);
    }
}

static void put(struct node *table, const char *path, const void *value, uint32_t length)
{
    struct node *node = find(table, path);

    for (unsigned int i = 0; node == NULL && i < NODES; i++)
        if (!table[i].used)
            node = &table[i];
    CHECK(node != NULL && length <= sizeof(node->value));
    node->used = true;
    strcpy(node->path, path);
    memcpy(node->value, value, length);
    node->length = length;
}

static bool delete_tree(struct node *table, const char *path)
{
    size_t length = strlen(path);
    bool found = false;

    for (unsigned int i = 0; i < NODES; i++)
        if (table[i].used && strncmp(table[i].path, path, length) == 0 &&
            (table[i].path[length] == '\0' || table[i].path[length] == '/')) {
            table[i].used = false;
            found = true;
        }
    return found;
}

const char *store_get(const char *path)
{
    static char text[4097];
    char full[256];

    absolute(full, path);
    struct node *node = find(nodes, full);
    if (node == NULL)
        return NULL;
    memcpy(text, node->value, node->length);
    text[node->length] = '\0';
    return text;
}

void store_set(const char *path, const char *value)
{
    char full[256];

    absolute(full, path);
    put(nodes, full, value, (uint32_t)strlen(value));
    generation++;
    fire(full);
}

void store_delete(const char *path)
{
    char full[256];

    absolute(full, path);
    delete_tree(nodes, full);
    generation++;
    fire(full);
}

unsigned int store_watch_count(void)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < WATCHES; i++)
        count += watches[i].used;
    return count;
}

static void drop_messages(struct message **first)
{
    while (*first != NULL) {
        struct message *message = *first;

        *first = message->next;
        free(message);
    }
}

void store_restore(void)
{
    memset(&store_ring, 0, sizeof(store_ring));
    memset(watches, 0, sizeof(watches));
    for (unsigned int i = 0; i < TRANSACTIONS; i++) {
        free(transactions[i].copy);
        transactions[i].copy = NULL;
    }
    drop_messages(&outgoing);
    drop_messages(&kept);
    request_length = 0;
    dead = false;
}

/* Answers. */

static void answer(const struct xsd_sockmsg *to, const void *payload, uint32_t length)
{
    struct xsd_sockmsg header = *to;
    enum store_lie lie = store_options.lie;

    header.len = length;
    if (lie != STORE_HONEST)
        store_options.lie = STORE_HONEST;
    if (lie == STORE_WRONG_ID)
        header.req_id ^= 0x40;
    if (lie == STORE_WRONG_TYPE)
        header.type = header.type == XS_READ ? XS_WRITE : XS_READ;
    if (lie == STORE_BAD_EVENT)
        header.type = XS_WATCH_EVENT;
    if (lie == STORE_TOO_LONG) {
        static const char big[XENSTORE_PAYLOAD_MAX + 1];

        header.len = sizeof(big);
        payload = big;
    }
    queue(&header, payload);
    if (lie == STORE_TWICE)
        queue(&header, payload);
    if (lie == STORE_PRODUCER_AHEAD)
        store_ring.rsp_prod += XENSTORE_RING_SIZE + 1;
    if (lie == STORE_PRODUCER_BACK)
        store_ring.rsp_prod -= 5;
    if (lie == STORE_CONSUMER_AHEAD)
        store_ring.req_cons = store_ring.req_prod + 5;
    if (lie == STORE_CONSUMER_BACK)
        store_ring.req_cons -= XENSTORE_RING_SIZE;
    dead = lie >= STORE_PRODUCER_AHEAD;
    fake_event(STORE_PORT);
}

static void answer_error(const struct xsd_sockmsg *to, const char *name)
{
    struct xsd_sockmsg header = *to;

    header.type = XS_ERROR;
    answer(&header, name, (uint32_t)strlen(name) + 1);
}

static void answer_ok(const struct xsd_sockmsg *to)
{
    answer(to, "OK", 3);
}

static void do_directory(const struct xsd_sockmsg *header, struct node *table, const char *path)
{
    char names[4096];
    uint32_t used = 0;
    size_t length = strlen(path);
    bool exists = find(table, path) != NULL;

    for (unsigned int i = 0; i < NODES; i++) {
        if (!table[i].used || strncmp(table[i].path, path, length) != 0 ||
            table[i].path[length] != '/')
            continue;
        const char *name = table[i].path + length + 1;
        size_t size = strcspn(name, "/");
        bool seen = false;

        exists = true;
        for (uint32_t at = 0; at < used; at += (uint32_t)strlen(names + at) + 1)
            seen = seen || (strlen(names + at) == size && memcmp(names + at, name, size) == 0);
        if (seen)
            continue;
        memcpy(names + used, name, size);
        names[used + size] = '\0';
        used += (uint32_t)size + 1;
    }
    if (exists)
        answer(header, names, used);
    else
        answer_error(header, "ENOENT");
}

static void do_transaction_start(const struct xsd_sockmsg *header)
{
    for (unsigned int i = 1; i < TRANSACTIONS; i++) {
        char text[16];

        if (transactions[i].copy != NULL)
            continue;
        transactions[i].copy = malloc(sizeof(nodes));
        memcpy(transactions[i].copy, nodes, sizeof(nodes));
        transactions[i].generation = generation;
        answer(header, text, (uint32_t)snprintf(text, sizeof(text), "%u", i) + 1);
        return;
    }
    answer_error(header, "ENOSPC");
}

static void do_transaction_end(const struct xsd_sockmsg *header, bool commit)
{
    uint32_t i = header->tx_id;
    bool conflict = commit && transactions[i].generation != generation;

    if (commit && store_options.conflicts > 0) {
        store_options.conflicts--;
        conflict = true;
    }
    if (commit && !conflict) {
        struct node *before = malloc(sizeof(nodes));

        memcpy(before, nodes, sizeof(nodes));
        memcpy(nodes, transactions[i].copy, sizeof(nodes));
        generation++;
        for (unsigned int n = 0; n < NODES; n++)
            if (nodes[n].used && memcmp(&before[n], &nodes[n], sizeof(nodes[n])) != 0)
                fire(nodes[n].path);
        free(before);
    }
    free(transactions[i].copy);
    transactions[i].copy = NULL;
    if (conflict)
        answer_error(header, "EAGAIN");
    else
        answer_ok(header);
}

static void do_watch(const struct xsd_sockmsg *header, const char *given, const char *full,
                     const char *token)
{
    for (unsigned int i = 0; i < WATCHES; i++) {
        if (watches[i].used && strcmp(watches[i].path, full) == 0 &&
            strcmp(watches[i].token, token) == 0) {
            answer_error(header, "EEXIST");
            return;
        }
    }
    for (unsigned int i = 0; i < WATCHES; i++) {
        if (watches[i].used)
            continue;
        watches[i].used = true;
        strcpy(watches[i].path, full);
        strcpy(watches[i].given, given);
        snprintf(watches[i].token, sizeof(watches[i].token), "%s", token);
        answer_ok(header);
        struct xsd_sockmsg event = { .type = XS_WATCH_EVENT };
        char payload[512];
        event.len = (uint32_t)snprintf(payload, sizeof(payload), "%s%c%s", given, '\0', token) + 1;
        queue(&event, payload);
        return;
    }
    answer_error(header, "ENOSPC");
}

static void do_unwatch(const struct xsd_sockmsg *header, const char *full, const char *token)
{
    for (unsigned int i = 0; i < WATCHES; i++)
        if (watches[i].used && strcmp(watches[i].path, full) == 0 &&
            strcmp(watches[i].token, token) == 0) {
            watches[i].used = false;
            answer_ok(header);
            return;
        }
    answer_error(header, "ENOENT");
}

static void handle_request(void)
{
    struct xsd_sockmsg header;
    const char *payload = request + sizeof(header);
    struct node *table = nodes;
    char full[256];

    memcpy(&header, request, sizeof(header));
    memset(request + sizeof(header) + header.len, 0, sizeof(request) - sizeof(header) - header.len);
    store_requests++;
    if (header.type == XS_TRANSACTION_START) {
        do_transaction_start(&header);
        return;
    }
    if (header.tx_id != 0) {
        if (!sane(header.tx_id < TRANSACTIONS && transactions[header.tx_id].copy != NULL))
            return;
        table = transactions[header.tx_id].copy;
    }
    if (header.type == XS_TRANSACTION_END) {
        do_transaction_end(&header, payload[0] == 'T');
        return;
    }
    if (!sane(memchr(payload, '\0', header.len) != NULL) || !absolute(full, payload))
        return;
    uint32_t path_size = (uint32_t)strlen(payload) + 1;
    struct node *node = find(table, full);

    if (strstr(full, "/forbidden") != NULL)
        answer_error(&header, "EACCES");
    else if (header.type == XS_READ && node != NULL)
        answer(&header, node->value, node->length);
    else if (header.type == XS_DIRECTORY)
        do_directory(&header, table, full);
    else if (header.type == XS_WRITE || header.type == XS_MKDIR) {
        put(table, full, payload + path_size, header.len - path_size);
        if (table == nodes) {
            generation++;
            fire(full);
        }
        answer_ok(&header);
    } else if (header.type == XS_RM && delete_tree(table, full)) {
        if (table == nodes) {
            generation++;
            fire(full);
        }
        answer_ok(&header);
    } else if (header.type == XS_WATCH)
        do_watch(&header, payload, full, payload + path_size);
    else if (header.type == XS_UNWATCH)
        do_unwatch(&header, full, payload + path_size);
    else
        answer_error(&header, "ENOENT");
}

/* The ring. */

static uint32_t wanted_request_length(void)
{
    struct xsd_sockmsg header;

    if (request_length < sizeof(header))
        return sizeof(header);
    memcpy(&header, request, sizeof(header));
    return (uint32_t)sizeof(header) + (sane(header.len <= XENSTORE_PAYLOAD_MAX) ? header.len : 0);
}

static bool take_requests(void)
{
    unsigned int limit = store_options.chunk ? store_options.chunk : UINT32_MAX;
    bool any = false;

    if (!sane(store_ring.req_prod - store_ring.req_cons <= XENSTORE_RING_SIZE))
        return false;
    while (!dead && limit-- > 0 && store_ring.req_cons != store_ring.req_prod) {
        request[request_length++] = store_ring.req[MASK_XENSTORE_IDX(store_ring.req_cons++)];
        any = true;
        if (request_length >= sizeof(struct xsd_sockmsg) &&
            request_length == wanted_request_length() && !dead) {
            request_length = 0;
            handle_request();
            break;
        }
    }
    return any;
}

static bool give_answers(void)
{
    unsigned int limit = store_options.chunk ? store_options.chunk : UINT32_MAX;
    bool any = false;

    while (limit-- > 0 && outgoing != NULL &&
           store_ring.rsp_prod - store_ring.rsp_cons < XENSTORE_RING_SIZE) {
        struct message *message = outgoing;

        store_ring.rsp[MASK_XENSTORE_IDX(store_ring.rsp_prod++)] = message->bytes[message->sent++];
        any = true;
        if (message->sent == message->length) {
            outgoing = message->next;
            free(message);
        }
    }
    return any;
}

bool store_step(void)
{
    if (dead)
        return false;
    if (!store_options.silent && kept != NULL) {
        struct message **end = &outgoing;

        while (*end != NULL)
            end = &(*end)->next;
        *end = kept;
        kept = NULL;
    }
    bool taken = !store_options.deaf && take_requests();
    bool given = give_answers();

    if (taken || given)
        fake_event(STORE_PORT);
    return taken || given;
}
