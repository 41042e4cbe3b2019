/* SPDX-License-Identifier: MIT */
/*
 * Prints a greeting, its arguments and its environment. The argument "--status=N" makes it end with
 * that status: 0 powers the domain off, anything else counts as a crash.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv, char **envp)
{
    int status = EXIT_SUCCESS;

    printf("Hello from %s on Xen.\n", argv[0]);
    for (int i = 1; i < argc; i++) {
        printf("argument %d: %s\n", i, argv[i]);
        if (strncmp(argv[i], "--status=", 9) == 0)
            status = atoi(argv[i] + 9);
    }
    for (; *envp; envp++)
        printf("environment: %s\n", *envp);
    return status;
}
