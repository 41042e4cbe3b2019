/* SPDX-License-Identifier: MIT */
/* Lives until it is shut down, idle, with memory that run.sh asks it to take. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "../requests.h"

static bool handle(char *words, char answer[REQUESTS_ANSWER])
{
    if (strcmp(words, "take") == 0) {
        char *block = malloc(1 << 20);

        snprintf(answer, REQUESTS_ANSWER, "%s", block != NULL ? "taken" : "none");
    }
    return true;
}

int main(void)
{
    printf("ready\n");
    return requests_serve(handle);
}
