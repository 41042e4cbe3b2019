/* SPDX-License-Identifier: MIT */
/*
 * The command line: words before "--" are for the kernel, those behind it for the application. The
 * text is split in place, in a copy that lives for ever.
 */
#include "lib/base/commandline.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/boot/application.h"
#include "lib/base/printk.h"
#include "lib/random/random.h"
#include "lib/mm/heap.h"

#define ENVIRONMENT_PREFIX "env:"
#define SEED_PREFIX "seed="

extern const struct commandline_option *const commandline_options_start[],
    *const commandline_options_end[];

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\n';
}

/*
 * Cut the next word out of *text: words end at blanks; "…" keeps blanks, and a backslash takes the
 * next character as it is. NULL at the end. The word is written over the text it came from, which
 * is never shorter.
 */
static char *next_word(char **text)
{
    char *from = *text, *to, *word;
    bool quoted = false;

    while (is_blank(*from))
        from++;
    if (!*from)
        return NULL;
    word = to = from;
    for (; *from && (quoted || !is_blank(*from)); from++) {
        if (*from == '"') {
            quoted = !quoted;
            continue;
        }
        if (*from == '\\' && from[1])
            from++;
        *to++ = *from;
    }
    *text = *from ? from + 1 : from;
    *to = '\0';
    return word;
}

/* Where the word ends that starts at `from`; blanks in quotes and behind backslashes are its own. */
static char *word_end(char *from)
{
    bool quoted = false;

    for (; *from && (quoted || !is_blank(*from)); from++) {
        if (*from == '"')
            quoted = !quoted;
        else if (*from == '\\' && from[1])
            from++;
    }
    return from;
}

/* Quotes stay, so that the word ends where it did. */
static void cover(char *from, const char *end)
{
    for (; from < end; from++) {
        if (*from == '"')
            continue;
        if (*from == '\\' && from + 1 < end)
            *from++ = '*';
        *from = '*';
    }
}

void commandline_take_seed(char *text)
{
    size_t prefix = strlen(SEED_PREFIX);
    char *end, *value;

    for (; *text; text = end) {
        while (is_blank(*text))
            text++;
        end = word_end(text);
        if (end - text == 2 && strncmp(text, "--", 2) == 0)
            return;
        value = text + (*text == '"') + prefix;
        if (value >= end || strncmp(value - prefix, SEED_PREFIX, prefix) != 0)
            continue;
        random_stir_seed(value, end - value);
        cover(value, end);
    }
}

/* It was taken before this; an empty one is no seed. */
static int set_seed(const char *value)
{
    return *value ? 0 : -EINVAL;
}
COMMANDLINE_OPTION("seed", set_seed);

static bool set_option(const char *word)
{
    size_t length = strcspn(word, "=");
    const char *value = word[length] ? &word[length + 1] : "";

    for (const struct commandline_option *const *option = commandline_options_start;
         option < commandline_options_end; option++) {
        if (strlen((*option)->name) != length || strncmp((*option)->name, word, length) != 0)
            continue;
        if ((*option)->set(value))
            printk("warning: command line: \"%s\" is not understood and has no effect", word);
        return true;
    }
    return false;
}

static void kernel_word(struct application_arguments *arguments, char *word)
{
    size_t prefix = strlen(ENVIRONMENT_PREFIX);

    if (strncmp(word, ENVIRONMENT_PREFIX, prefix) == 0 && strchr(word, '='))
        arguments->environment[arguments->environment_count++] = word + prefix;
    else if (!set_option(word))
        printk("warning: command line: this image knows no \"%s\"; it has no effect (an "
               "application's arguments go behind \"--\")",
               word);
}

/* The most words that a text can hold, for sizing the two arrays. */
static size_t words_at_most(const char *text)
{
    return strlen(text) / 2 + 1;
}

int commandline_parse(const char *text, struct application_arguments *arguments)
{
    char *copy = kernel_copy_text(text, strlen(text));
    size_t most = words_at_most(text) + 2;
    bool behind = false;
    char *word;

    arguments->arguments = kernel_alloc_zeroed(most, sizeof(char *));
    arguments->environment = kernel_alloc_zeroed(most, sizeof(char *));
    if (!copy || !arguments->arguments || !arguments->environment)
        return -ENOMEM;
    arguments->arguments[arguments->count++] = (char *)application_name;
    while ((word = next_word(&copy))) {
        if (behind)
            arguments->arguments[arguments->count++] = word;
        else if (strcmp(word, "--") == 0)
            behind = true;
        else
            kernel_word(arguments, word);
    }
    return 0;
}
