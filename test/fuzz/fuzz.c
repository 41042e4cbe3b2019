/* SPDX-License-Identifier: MIT */
/* The input: see fuzz.h. */
#include "fuzz.h"

#include <string.h>

void (*fuzz_hook)(void);
static const uint8_t *input;
static size_t left;

void fuzz_start(const uint8_t *data, size_t size)
{
    input = data;
    left = size;
}

bool fuzz_left(void)
{
    return left > 0;
}

static uint32_t take(unsigned int bytes)
{
    uint32_t value = 0;

    for (; bytes > 0 && left > 0; bytes--, left--)
        value = value << 8 | *input++;
    return value;
}

uint32_t fuzz_below(uint32_t n)
{
    return n == 0 ? 0 : take(n <= 0x100 ? 1 : n <= 0x10000 ? 2 : 4) % n;
}

uint32_t fuzz_word(void)
{
    return take(4);
}

uint32_t fuzz_near(uint32_t near)
{
    uint32_t step = take(1);

    if (step >= 0xf0)
        return fuzz_word();
    return near + step % 16 - step / 16;
}

void fuzz_bytes(void *target, size_t size)
{
    size_t part = size < left ? size : left;

    memset(target, 0, size);
    memcpy(target, input, part);
    input += part;
    left -= part;
}

/* For hook.h. */
void fuzz_ring_hook(void);
void fuzz_ring_hook(void)
{
    if (fuzz_hook != NULL)
        fuzz_hook();
}
