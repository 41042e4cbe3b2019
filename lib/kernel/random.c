/* SPDX-License-Identifier: MIT */
/*
 * Random numbers: ChaCha20 (RFC 8439) as a generator that overwrites its own key.
 *
 * Each refill makes one 64-byte block: its first half becomes the next key, its second half is
 * output; so numbers that were given out cannot be computed from a later state. The key is seeded
 * at the first use with the CPU's random instructions, and always with time stamps of work whose
 * length varies (jitter), which is all there is on a CPU without them.
 */
#include "lib/random.h"

#include <stdbool.h>
#include <string.h>

#include "arch/boot.h"
#include "arch/cpu.h"
#include "lib/init.h"
#include "lib/printk.h"
#include "lib/sched.h"
#include "lib/suspend.h"

#define KEY_WORDS 8
#define OUTPUT_SIZE 32
#define HARDWARE_WORDS 4
#define JITTER_ROUNDS 16
#define ROUNDS_PER_STIR 8

static uint32_t key[KEY_WORDS];
static uint64_t counter;
static uint8_t output[OUTPUT_SIZE];
static size_t output_left;
static bool seeded, from_hardware;

static uint32_t rotate(uint32_t word, int bits)
{
    return word << bits | word >> (32 - bits);
}

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b, *d = rotate(*d ^ *a, 16);
    *c += *d, *b = rotate(*b ^ *c, 12);
    *a += *b, *d = rotate(*d ^ *a, 8);
    *c += *d, *b = rotate(*b ^ *c, 7);
}

static void chacha_block(uint32_t block[16])
{
    uint32_t start[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

    memcpy(&start[4], key, sizeof(key));
    start[12] = counter;
    start[13] = counter >> 32;
    counter++;
    memcpy(block, start, sizeof(start));
    for (int i = 0; i < 10; i++) {
        for (int column = 0; column < 4; column++)
            quarter_round(&block[column], &block[4 + column], &block[8 + column],
                          &block[12 + column]);
        for (int column = 0; column < 4; column++)
            quarter_round(&block[column], &block[4 + (column + 1) % 4],
                          &block[8 + (column + 2) % 4], &block[12 + (column + 3) % 4]);
    }
    for (int i = 0; i < 16; i++)
        block[i] += start[i];
}

static void refill(void)
{
    uint32_t block[16];

    chacha_block(block);
    memcpy(key, block, sizeof(key));
    memcpy(output, &block[KEY_WORDS], sizeof(output));
    output_left = OUTPUT_SIZE;
}

/* Stir a number into the key: the generator's next state depends on all that came before. */
static void stir(uint64_t number)
{
    key[0] ^= number;
    key[1] ^= number >> 32;
    refill();
}

/*
 * What is left without random instructions: the time of work that leaves the guest (CPUID is
 * emulated by Xen, whose caches, timers and other guests make its duration vary) and of work that
 * does not. Each time stamp is worth a bit or two.
 */
static void stir_jitter(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < JITTER_ROUNDS; i++) {
        if (i % ROUNDS_PER_STIR == 0) {
            sum ^= cpu_id(0, 0).a;
            stir(sum);
        }
        sum = (sum << 7 | sum >> 57) ^ cpu_timestamp();
    }
    stir(sum);
}

static void seed(void)
{
    uint64_t number;

    seeded = true;
    for (int i = 0; i < HARDWARE_WORDS; i++) {
        from_hardware = cpu_random(&number);
        if (from_hardware)
            stir(number);
    }
    if (!from_hardware)
        stir_jitter();
    stir(cpu_timestamp());
    stir(clock_realtime());
    output_left = 0;
}

void random_bytes(void *buffer, size_t length)
{
    uint8_t *to = buffer;

    if (!seeded)
        seed();
    while (length) {
        size_t part;

        if (!output_left)
            refill();
        part = length < output_left ? length : output_left;
        memcpy(to, &output[OUTPUT_SIZE - output_left], part);
        memset(&output[OUTPUT_SIZE - output_left], 0, part);
        output_left -= part;
        to += part;
        length -= part;
    }
}

uint32_t random_u32(void)
{
    uint32_t number;

    random_bytes(&number, sizeof(number));
    return number;
}

static void report_source(void)
{
    if (!seeded)
        seed();
    if (!from_hardware)
        printk("random: this CPU has no RDSEED or RDRAND; seeded from timing jitter and the clock "
               "alone");
}
INITCALL("1core", report_source);

/*
 * The saved state may be restored more than once, and each copy must go its own way: by the CPU's
 * numbers if it has them, else by the times at which the copies get here.
 */
static void reseed(void)
{
    stir_jitter();
    seed();
}

static const struct suspend_hooks random_hooks = { .resume = reseed };
SUSPEND_HOOKS("1random", random_hooks);
