/* SPDX-License-Identifier: MIT */
/*
 * Devices that come and go under requests of run.sh: files stay open and sockets bound throughout,
 * a thread keeps a disk busy, and the answers tell what each use of them gave.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../cksum.h"
#include "../disks.h"
#include "../network/services.h"
#include "../requests.h"
#include "../usage.h"
#include "xen/bus/xenbus.h"

#define SLOTS 4u
#define PIECE 65536u

static int files[SLOTS];
static unsigned char scratch[1 << 20], piece[PIECE];

static struct {
    bool stop, running;
    int descriptor;
    unsigned int done, failed;
    int last_error;
} hammer;

/* The answer is `text`, or the error of a call that returned a negative number. */
static void tell(char *answer, long result, const char *text)
{
    snprintf(answer, REQUESTS_ANSWER, "%s", result < 0 ? strerror(errno) : text);
}

/* The number at the start of the words, and what follows it. */
static unsigned long number(char **words)
{
    unsigned long value = strtoul(*words, words, 10);

    while (**words == ' ')
        (*words)++;
    return value;
}

static int slot(char **words)
{
    return (int)(number(words) % SLOTS);
}

/* "open SLOT PATH" */
static void open_file(char *words, char *answer)
{
    int index = slot(&words);

    if (files[index] > 0)
        close(files[index]);
    files[index] = open(words, O_RDWR);
    if (files[index] < 0)
        files[index] = open(words, O_RDONLY);
    tell(answer, files[index], "open");
}

/* "sum SLOT LENGTH": of the first bytes, as cksum tells it. */
static void sum_file(char *words, char *answer)
{
    int index = slot(&words);
    ssize_t length = pread(files[index], scratch, number(&words) % (sizeof(scratch) + 1), 0);
    char text[48];

    snprintf(text, sizeof(text), "%lu %ld",
             (unsigned long)cksum_end(cksum_add(0, scratch, length > 0 ? (size_t)length : 0),
                                      length > 0 ? (size_t)length : 0),
             (long)length);
    tell(answer, length, text);
}

/* "put SLOT OFFSET TEXT" */
static void put_text(char *words, char *answer)
{
    int index = slot(&words);
    off_t offset = (off_t)number(&words);
    ssize_t length = pwrite(files[index], words, strlen(words), offset);

    if (length >= 0 && fsync(files[index]) < 0)
        length = -1;
    tell(answer, length, "written");
}

/* Reads and writes back, so that the contents stay what they are whatever is lost on the way. */
static void hammer_thread(void *argument)
{
    (void)argument;
    for (unsigned int i = 0; !hammer.stop; i++) {
        off_t offset = (off_t)(i * 7 % 13 * PIECE);
        ssize_t length = pread(hammer.descriptor, piece, PIECE, offset);

        if (length > 0)
            length = pwrite(hammer.descriptor, piece, (size_t)length, offset);
        if (length > 0) {
            hammer.done++;
            thread_yield();
            continue;
        }
        hammer.last_error = errno;
        hammer.failed++;
        thread_sleep_until(deadline_after(MILLISECONDS(20)));
    }
    hammer.running = false;
}

/* "hammer SLOT" starts; "hammered" tells what happened since; "rest" ends it. */
static void start_hammer(char *words, char *answer)
{
    hammer.descriptor = files[slot(&words)];
    hammer.stop = false;
    hammer.running = true;
    tell(answer, thread_create("hammer", hammer_thread, NULL) != NULL ? 0 : -1, "started");
}

static void tell_hammer(char *words, char *answer)
{
    (void)words;
    snprintf(answer, REQUESTS_ANSWER, "done=%u failed=%u error=%s", hammer.done, hammer.failed,
             hammer.failed > 0 ? strerror(hammer.last_error) : "none");
    hammer.done = hammer.failed = 0;
}

static void stop_hammer(char *words, char *answer)
{
    uint64_t end = deadline_after(SECONDS(40));

    (void)words;
    hammer.stop = true;
    while (hammer.running && clock_monotonic() < end)
        thread_sleep_until(deadline_after(MILLISECONDS(20)));
    tell(answer, 0, hammer.running ? "stuck" : "stopped");
}

/* "datagram ADDRESS": from a socket that is bound to the wildcard address since the start. */
static void send_datagram(char *words, char *answer)
{
    static int descriptor;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(4321) };
    long result = 0;

    if (descriptor == 0) {
        descriptor = socket(AF_INET, SOCK_DGRAM, 0);
        result = bind(descriptor, (struct sockaddr *)&address, sizeof(address));
    }
    address.sin_port = htons(9);
    inet_pton(AF_INET, words, &address.sin_addr);
    if (result == 0)
        result = sendto(descriptor, "x", 1, 0, (struct sockaddr *)&address, sizeof(address));
    tell(answer, result, "sent");
}

static void tell_usage(char *words, char *answer)
{
    size_t length;

    (void)words;
    usage_line(answer, REQUESTS_ANSWER - 32, disks_usage_now());
    length = strlen(answer);
    snprintf(answer + length, REQUESTS_ANSWER - length, " devices=%u", xenbus_devices());
}

static const struct requests_command commands[] = {
    { "open", open_file },         { "sum", sum_file },         { "put", put_text },
    { "hammer", start_hammer },    { "hammered", tell_hammer }, { "rest", stop_hammer },
    { "datagram", send_datagram }, { "usage", tell_usage },
};

static bool handle(char *words, char answer[REQUESTS_ANSWER])
{
    return requests_dispatch(commands, sizeof(commands) / sizeof(commands[0]), words, answer);
}

int main(void)
{
    CHECK(services_start() == 0);
    printf("services are up\n");
    CHECK(requests_serve(handle) == 0);
    return check_verdict();
}
