/* SPDX-License-Identifier: MIT */
/*
 * The kernel command line (extra= and cmdline= of the xl cfg).
 *
 * Words of the form "name=value" whose name contains a dot or is a registered switch are the
 * kernel's ("ip=10.0.0.2/24", "mount=/data:xvdb"); words behind "--" are the application's
 * arguments; "env:NAME=value" goes to its environment. Quotes "…" join words. Unknown kernel words
 * are named in a warning.
 */
#ifndef LIB_BASE_COMMANDLINE_H
#define LIB_BASE_COMMANDLINE_H

/*
 * A room that understands a word registers it: `set` is called before threads start, once for each
 * occurrence, with the text behind '=' (which stays valid for ever). A nonzero answer means that
 * the value was not understood; the word is then named in a warning.
 */
struct commandline_option {
    const char *name;
    int (*set)(const char *value);
};

#define COMMANDLINE_OPTION(name_, set_)                                     \
    static const struct commandline_option set_##_option = { name_, set_ }; \
    static const struct commandline_option *const set_##_option_entry       \
        __attribute__((used, section(".commandline_options"))) = &set_##_option

#endif
