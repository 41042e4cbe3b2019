/* SPDX-License-Identifier: MIT */
/*
 * The console, both ways: numbered lines, many times the ring's size, of which none may be lost;
 * then lines from dom0, echoed with their length until "end".
 */
#include <string.h>

#include "../check.h"

#define LINES 400
#define FILLER "abcdefghijklmnopqrstuvwxyz0123456789"

int main(void)
{
    char line[128];

    for (int i = 0; i < LINES; i++)
        printf("line %d %s\n", i, FILLER);
    printf("ready for input\n");
    fflush(stdout);
    for (;;) {
        if (!fgets(line, sizeof(line), stdin)) {
            CHECK(!"the console's input ended");
            break;
        }
        line[strcspn(line, "\n")] = '\0';
        printf("read %zu bytes: %s\n", strlen(line), line);
        fflush(stdout);
        if (strcmp(line, "end") == 0)
            break;
    }
    return check_verdict();
}
