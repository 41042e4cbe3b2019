/* SPDX-License-Identifier: MIT */
/* mark begin, mark end: tell the plugin in blocks.c, by an instruction that does nothing else. */
#include <string.h>

int main(int count, char **words)
{
    if (count == 2 && strcmp(words[1], "begin") == 0)
        __asm__ volatile(".byte 0x0f, 0x1f, 0x80; .ascii \"on  \"");
    else if (count == 2 && strcmp(words[1], "end") == 0)
        __asm__ volatile(".byte 0x0f, 0x1f, 0x80; .ascii \"off \"");
    else
        return 2;
    return 0;
}
