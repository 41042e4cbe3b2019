/* SPDX-License-Identifier: MIT */
/*
 * Random numbers: ChaCha20 as a generator that overwrites its own key.
 *
 * Each refill makes one 64-byte block: its first half becomes the next key, its second half is
 * output; so numbers that were given out cannot be computed from a later state. Fresh entropy is
 * mixed into the key, so that the generator's state depends on all that ever went in.
 *
 * Sources, at the first use and after a restore: the CPU's random instructions; where there are
 * none, time stamps of work whose length varies (jitter); the clocks; the domain's uuid, which the
 * toolstack draws at random for each new domain. The command line's seed= comes before all.
 */
#include "lib/random/random.h"

#include <stdbool.h>
#include <string.h>

#include <xen-abi/xen.h>
#include <xen-abi/version.h>

#include "arch/cpu.h"
#include "lib/random/chacha20.h"
#include "lib/base/printk.h"
#include "lib/base/time.h"
#include "lib/base/suspend.h"
#include "xen/hypercall.h"

#define OUTPUT_SIZE 32
#define HARDWARE_WORDS 4
#define JITTER_ROUNDS 16
#define ROUNDS_PER_STIR 8

static uint32_t key[CHACHA20_KEY_WORDS];
static uint8_t output[OUTPUT_SIZE];
static size_t output_left;
static bool seeded, from_hardware, from_command_line;

static void refill(void)
{
    static const uint32_t position[CHACHA20_POSITION_WORDS]; /* the key is new each time */
    uint32_t block[CHACHA20_BLOCK_WORDS];

    chacha20_block(key, position, block);
    memcpy(key, block, sizeof(key));
    memcpy(output, &block[CHACHA20_KEY_WORDS], sizeof(output));
    output_left = OUTPUT_SIZE;
    explicit_bzero(block, sizeof(block));
}

static void stir(const void *data, size_t length)
{
    const uint8_t *from = data;
    uint32_t words[CHACHA20_KEY_WORDS];

    while (length) {
        size_t part = length < sizeof(words) ? length : sizeof(words);

        memset(words, 0, sizeof(words));
        memcpy(words, from, part);
        for (int i = 0; i < CHACHA20_KEY_WORDS; i++)
            key[i] ^= words[i];
        refill();
        from += part;
        length -= part;
    }
}

static void stir_number(uint64_t number)
{
    stir(&number, sizeof(number));
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
            stir_number(sum);
        }
        sum = (sum << 7 | sum >> 57) ^ cpu_timestamp();
    }
    stir_number(sum);
}

static void stir_uuid(void)
{
    xen_domain_handle_t uuid;

    if (hypercall_xen_version(XENVER_guest_handle, &uuid) == 0)
        stir(&uuid, sizeof(uuid));
}

void random_reseed(void)
{
    uint64_t numbers[HARDWARE_WORDS];

    seeded = true;
    from_hardware = cpu_random(numbers, HARDWARE_WORDS);
    if (from_hardware)
        stir(numbers, sizeof(numbers));
    else
        stir_jitter();
    explicit_bzero(numbers, sizeof(numbers));
    stir_number(clock_realtime());
    stir_uuid();
    refill();
}

void random_stir_seed(const char *seed, size_t length)
{
    from_command_line = true;
    stir(seed, length);
}

void random_bytes(void *buffer, size_t length)
{
    uint8_t *to = buffer;

    if (!seeded)
        random_reseed();
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

void random_report_source(void)
{
    if (!seeded)
        random_reseed();
    if (!from_hardware)
        printk("random: this CPU has no RDSEED or RDRAND; seeded from timing jitter, the clock and "
               "the domain's uuid%s",
               from_command_line ? ", and from seed=" : " alone (seed= on the command line helps)");
}

/* The saved state may be restored more than once, and each copy must go its own way. */
static const struct suspend_hooks random_hooks = { .resume = random_reseed };
SUSPEND_HOOKS(random, random_hooks);
