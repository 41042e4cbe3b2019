/* SPDX-License-Identifier: MIT */
/*
 * The running application, as the rooms below see it.
 */
#ifndef LIB_BOOT_APPLICATION_H
#define LIB_BOOT_APPLICATION_H

/* The image's name, "httpd": what build/out/NAME.elf is called, and argv[0]. */
extern const char application_name[];

/* What the command line has for main(): both arrays end with NULL and stay for ever. */
struct application_arguments {
    int count;
    char **arguments;
    unsigned int environment_count;
    char **environment;
};

/*
 * Give the value of the kernel's word seed= to the generator of random numbers and overwrite it
 * with asterisks, so that neither log nor application sees it. Before anything reads the text.
 */
void commandline_take_seed(char *text);

/* Split the command line: options are set, unknown words are warned of. 0 or -ENOMEM. Boot only. */
int commandline_parse(const char *text, struct application_arguments *arguments);

/*
 * Ask that exit() be run, in a thread of its own: atexit handlers run, files are closed, and then
 * the domain stops with this reason (SHUTDOWN_poweroff, SHUTDOWN_reboot, … of <xen-abi/sched.h>)
 * in place of the one that the exit status would give. Threads only; returns, and the end comes
 * later, after EXIT_TIMEOUT at the latest. A second request changes nothing.
 */
void application_exit_request(int shutdown_reason);

#define EXIT_TIMEOUT SECONDS(30)

#endif
