/* SPDX-License-Identifier: MIT */
/*
 * A guest with an honest disk (xvda) and card (eth0), and another disk (xvdb) whose backend lies:
 * backend/ in this folder, a program in dom0. That asks it to read one or the other, and how it is.
 */
#include <errno.h>
#include <string.h>

#include "../network/services.h"
#include "../requests.h"
#include "../usage.h"
#include "lib/blockdev.h"
#include "xen/xenbus.h"

static unsigned char scratch[1 << 18];

static void tell(char *answer, int error)
{
    snprintf(answer, REQUESTS_ANSWER, "%s", error == 0 ? "ok" : strerror(-error));
}

/* "read DISK LENGTH": from the disk itself, past any cache. */
static void read_disk(char *words, char *answer)
{
    char *space = strchr(words, ' ');
    size_t length = space ? strtoul(space, NULL, 10) : 0;
    struct block_device *disk;

    if (space)
        *space = '\0';
    disk = block_find(words);
    tell(answer, disk == NULL || length > sizeof(scratch)
                     ? -EINVAL
                     : disk->operations->read(disk, 0, scratch, length));
}

static void tell_usage(char *words, char *answer)
{
    size_t length;

    (void)words;
    usage_line(answer, REQUESTS_ANSWER - 16);
    length = strlen(answer);
    snprintf(answer + length, REQUESTS_ANSWER - length, " devices=%u", xenbus_devices());
}

static const struct command {
    const char *name;
    void (*run)(char *words, char *answer);
} commands[] = {
    { "read", read_disk },
    { "usage", tell_usage },
};

static bool handle(char *words, char answer[REQUESTS_ANSWER])
{
    char *rest = strchr(words, ' ');

    if (strcmp(words, "end") == 0)
        return false;
    if (rest != NULL)
        *rest++ = '\0';
    snprintf(answer, REQUESTS_ANSWER, "no such request: %s", words);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(words, commands[i].name) == 0)
            commands[i].run(rest != NULL ? rest : words + strlen(words), answer);
    }
    return true;
}

int main(void)
{
    CHECK(services_start() == 0);
    printf("services are up\n");
    CHECK(requests_serve(handle) == 0);
    return check_verdict();
}
