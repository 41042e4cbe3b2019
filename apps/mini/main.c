/* SPDX-License-Identifier: MIT */
/* The smallest application: one write(). Its image is what the kernel itself costs. */
#include <unistd.h>

int main(void)
{
    static const char text[] = "mini: hello from Xen\n";

    return write(STDOUT_FILENO, text, sizeof(text) - 1) == sizeof(text) - 1 ? 0 : 1;
}
