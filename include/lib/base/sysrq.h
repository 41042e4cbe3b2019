/* SPDX-License-Identifier: MIT */
/*
 * Commands that `xl sysrq DOMAIN KEY` runs, as entries of a linker set: each room has its own.
 * xen/domain/sysrq.c reads the keys.
 */
#ifndef LIB_BASE_SYSRQ_H
#define LIB_BASE_SYSRQ_H

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
#define SYSRQ_COMMAND(key_, what_, run_)                                      \
    static const struct sysrq_command run_##_command = { key_, what_, run_ }; \
    static const struct sysrq_command *const run_##_command_entry             \
        __attribute__((used, section(".sysrq_commands"))) = &run_##_command

#endif
