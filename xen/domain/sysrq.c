/* SPDX-License-Identifier: MIT */
/*
 * The watch on control/sysrq. As with control/shutdown, the toolstack expects the node to change:
 * the key is read and cleared in one transaction, tried again a bounded number of times.
 */
#include "xen/domain/sysrq.h"

#include <errno.h>
#include <stdbool.h>

#include "lib/base/printk.h"
#include "lib/base/sysrq.h"
#include "xen/bus/xenstore.h"
#include "lib/mm/heap.h"

#define NODE "control/sysrq"
#define ATTEMPTS 16

extern const struct sysrq_command *const sysrq_commands_start[], *const sysrq_commands_end[];

/* In a transaction: *key is the node's first character, 0 when there is none. */
static int read_and_clear(xenstore_transaction transaction, char *key)
{
    char *value;
    int error = xenstore_read(transaction, NODE, &value, NULL);

    *key = '\0';
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    *key = value[0];
    kernel_free(value);
    return *key ? xenstore_write(transaction, NODE, "") : 0;
}

static int take_key(char *key)
{
    xenstore_transaction transaction;
    int error = xenstore_transaction_start(&transaction), end;

    if (error < 0)
        return error;
    error = read_and_clear(transaction, key);
    end = xenstore_transaction_end(transaction, error == 0 && *key);
    return error < 0 || !*key ? error : end;
}

static void print_help(void)
{
    for (const struct sysrq_command *const *c = sysrq_commands_start; c < sysrq_commands_end; c++)
        printk_wait("sysrq: %c  %s", (*c)->key, (*c)->what);
}
SYSRQ_COMMAND('h', "this list", print_help);

static void run(char key)
{
    for (const struct sysrq_command *const *c = sysrq_commands_start; c < sysrq_commands_end; c++)
        if ((*c)->key == key) {
            printk("sysrq: %s", (*c)->what);
            (*c)->run();
            return;
        }
    printk("sysrq: no command has the key '%c'; 'h' lists them",
           key > ' ' && key <= '~' ? key : '?');
}

static void sysrq_changed(struct xenstore_watch *watch, const char *path)
{
    char key = '\0';
    int error = -EAGAIN;

    (void)watch;
    (void)path;
    for (int attempt = 0; attempt < ATTEMPTS && error == -EAGAIN; attempt++)
        error = take_key(&key);
    if (error < 0)
        printk("sysrq: cannot take the key in %s: %d", NODE, error);
    else if (key)
        run(key);
}

void sysrq_init(void)
{
    static struct xenstore_watch watch = { .path = NODE, .callback = sysrq_changed };

    xenstore_watch_register_later(&watch);
}
