/* SPDX-License-Identifier: MIT */
/*
 * httpd: a file server for HTTP/1.1 on plain POSIX calls. See README.md for what it does.
 *
 * This file: the command line and the listening sockets.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "document.h"
#include "listener.h"
#include "log.h"
#include "loop.h"
#include "respond.h"
#include "say.h"

/* Standard files, listeners, cached files, a listing's folder, and some to spare. */
enum { DESCRIPTORS_BESIDE = 3 + LOOP_LISTENERS + DOCUMENT_CACHE_ENTRIES + 16 };

struct options {
    const char *root;
    unsigned port;
    unsigned connections;
    bool log;
};

static const char usage[] = "usage: httpd [-p port] [-r root] [-c connections] [-l on|off]\n"
                            "  -p  TCP port to listen on (80)\n"
                            "  -r  folder that is served (/www)\n"
                            "  -c  connections served at once, 1 to 1024 (200)\n"
                            "  -l  access log on standard output (on)\n";

static int take_number(const char *value, unsigned most, unsigned *number)
{
    unsigned result = 0;

    for (const char *at = value; *at; at++) {
        if (*at < '0' || *at > '9' || result > most)
            return -EINVAL;
        result = result * 10 + (unsigned)(*at - '0');
    }
    if (result == 0 || result > most)
        return -EINVAL;
    *number = result;
    return 0;
}

static int take_option(struct options *options, char letter, const char *value)
{
    switch (letter) {
    case 'p':
        if (take_number(value, 65535, &options->port) < 0)
            return complain("-p wants a port from 1 to 65535, not \"", value, "\"", "");
        return 0;
    case 'c':
        if (take_number(value, LOOP_CONNECTIONS_MAX, &options->connections) < 0)
            return complain("-c wants a number from 1 to 1024, not \"", value, "\"", "");
        return 0;
    case 'r':
        options->root = value;
        return 0;
    default:
        options->log = strcmp(value, "on") == 0;
        if (!options->log && strcmp(value, "off") != 0)
            return complain("-l wants on or off, not \"", value, "\"", "");
        return 0;
    }
}

/* "-p 80" and "-p80" alike. */
static int take_options(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        const char *value = word;

        if (word[0] != '-' || word[1] == '\0' || !strchr("prcl", word[1]))
            return complain("unknown option \"", word, "\"", "");
        value += 2;
        if (*value == '\0') {
            if (++i == argc)
                return complain("nothing follows ", word, "", "");
            value = argv[i];
        }

        int error = take_option(options, word[1], value);

        if (error < 0)
            return error;
    }
    return 0;
}

/* Each connection may be sending a file of its own, which is open for as long. */
static int raise_descriptor_limit(unsigned connections)
{
    rlim_t wanted = 2 * (connections + LOOP_SPARE) + DESCRIPTORS_BESIDE;
    struct rlimit limit;
    char number[16] = "";
    struct text t = { .data = number, .cap = sizeof(number) - 1 };

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return 0;
    limit.rlim_cur = wanted;
    if (limit.rlim_max >= wanted && setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return 0;
    text_number(&t, limit.rlim_max);
    return complain("-c asks for more connections than descriptors can be open (", number, ")", "");
}

static int open_listeners(const struct options *options, int listeners[LOOP_LISTENERS])
{
    char number[8] = "";
    struct text port = { .data = number, .cap = sizeof(number) - 1 };

    text_number(&port, options->port);
    listeners[0] = listener_open(AF_INET, (uint16_t)options->port);
    listeners[1] = listener_open(AF_INET6, (uint16_t)options->port);
    if (listeners[0] < 0 && listeners[1] < 0)
        return complain("cannot listen on port ", number, ": ", strerror(-listeners[0]));
    say(STDOUT_FILENO, "listening on port ", number,
        listeners[1] < 0   ? " (IPv4)"
        : listeners[0] < 0 ? " (IPv6)"
                           : " (IPv4 and IPv6)",
        "");
    return 0;
}

int main(int argc, char **argv)
{
    struct options options = { .root = "/www", .port = 80, .connections = 200, .log = true };
    int listeners[LOOP_LISTENERS];
    int error = take_options(&options, argc, argv);

    if (error < 0) {
        ssize_t written = write(STDERR_FILENO, usage, sizeof(usage) - 1);

        (void)written;
        return 2;
    }
    if (raise_descriptor_limit(options.connections) < 0)
        return 2;
    error = respond_root(options.root);
    if (error < 0) {
        complain("cannot serve ", options.root, ": ", strerror(-error));
        return EXIT_FAILURE;
    }
    if (open_listeners(&options, listeners) < 0)
        return EXIT_FAILURE;
    log_start(options.log);
    error = loop_run(listeners, options.connections);
    complain("cannot go on: ", strerror(-error), "", "");
    return EXIT_FAILURE;
}
