/* SPDX-License-Identifier: MIT */
/*
 * Requests by key: `xl sysrq DOMAIN KEY` writes the key to control/sysrq. 'h' lists the keys that
 * this image knows.
 */
#ifndef XEN_DOMAIN_SYSRQ_H
#define XEN_DOMAIN_SYSRQ_H

/*
 * A command: `run` is called in xenstore's watch thread and prints with printk_wait(). It should
 * wait for nothing else.
 */
struct sysrq_command {
    char key;
    const char *what; /* for the list of keys */
    void (*run)(void);
};

/* Put a command into the image's table. */
#define SYSRQ_COMMAND(key_, what_, run_)                                                     \
    static const struct sysrq_command run_##_command = { key_, what_, run_ };                \
    static const struct sysrq_command *const run_##_command_entry                            \
        __attribute__((used, section(".sysrq_commands"))) = &run_##_command

/* Watch control/sysrq; does not block. Called once, after xenstore_init(). */
void sysrq_init(void);

#endif
