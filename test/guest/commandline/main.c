/* SPDX-License-Identifier: MIT */
/* Prints what it was given, and returns the status in its last argument. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    const char *color = getenv("COLOR");

    for (int i = 0; i < argc; i++)
        printf("argv[%d] = <%s>\n", i, argv[i]);
    printf("COLOR = <%s>\n", color ? color : "unset");
    return atoi(argv[argc - 1]);
}
