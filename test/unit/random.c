/* SPDX-License-Identifier: MIT */
// SRCS: lib/random/chacha20.c
// CFLAGS: -Wl,-T,test/unit/sets.ld
/*
 * The generator of random numbers: ChaCha20 against RFC 8439's vectors; what was given out is not
 * left in memory, nor the key that it came from; copies of one state go separate ways after a
 * reseed, whichever of the sources differs; the answer after a reseed is compared byte by byte. The
 * generator's own file is included, to see its state.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define cpu_timestamp real_cpu_timestamp
#define cpu_id real_cpu_id
#include "arch/cpu.h"
#undef cpu_timestamp
#undef cpu_id

static uint64_t timestamp, clock_time, hardware;
static bool has_hardware;
static uint8_t uuid_byte;

static uint64_t cpu_timestamp(void)
{
    return timestamp;
}

static struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
    return (struct cpuid){ leaf, subleaf, 0, 0 };
}

#include "../../lib/random/random.c"

bool cpu_random(uint64_t *numbers, unsigned int count)
{
    for (unsigned int i = 0; has_hardware && i < count; i++)
        numbers[i] = hardware;
    return has_hardware;
}

uint64_t clock_realtime(void)
{
    return clock_time;
}

long hypercall_xen_version(unsigned int command, void *argument)
{
    assert_int_equal(command, XENVER_guest_handle);
    memset(argument, uuid_byte, sizeof(xen_domain_handle_t));
    return 0;
}

static char log_text[256];

void printk(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(log_text, sizeof(log_text), format, arguments);
    va_end(arguments);
}

static void check_block(const char *key_hex, const uint32_t position[4], const char *expected)
{
    uint32_t words[8], block[16];
    char text[2 * sizeof(block) + 1];

    for (size_t i = 0; i < sizeof(words); i++)
        sscanf(key_hex + 2 * i, "%2hhx", (unsigned char *)words + i);
    chacha20_block(words, position, block);
    for (size_t i = 0; i < sizeof(block); i++)
        sprintf(text + 2 * i, "%02x", ((unsigned char *)block)[i]);
    assert_string_equal(text, expected);
}

/* RFC 8439, section 2.3.2, and appendix A.1, numbers 1, 2 and 4. */
static void test_vectors(void **state)
{
    const char *zeroes = "0000000000000000000000000000000000000000000000000000000000000000";

    (void)state;
    check_block("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                (uint32_t[]){ 1, 0x09000000, 0x4a000000, 0 },
                "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
                "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e");
    check_block(zeroes, (uint32_t[]){ 0, 0, 0, 0 },
                "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
                "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
    check_block(zeroes, (uint32_t[]){ 1, 0, 0, 0 },
                "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
                "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
    check_block("00ff000000000000000000000000000000000000000000000000000000000000",
                (uint32_t[]){ 2, 0, 0, 0 },
                "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca"
                "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096");
}

static bool state_holds(const void *bytes, size_t length)
{
    uint8_t all[sizeof(key) + sizeof(output)];

    memcpy(all, key, sizeof(key));
    memcpy(all + sizeof(key), output, sizeof(output));
    return memmem(all, sizeof(all), bytes, length) != NULL;
}

/* The state after a draw has neither the numbers nor the key that made them. */
static void test_erasure(void **state)
{
    uint8_t numbers[100], old_key[sizeof(key)];

    (void)state;
    for (size_t length = 8; length <= sizeof(numbers); length++) {
        memcpy(old_key, key, sizeof(key));
        random_bytes(numbers, length);
        for (size_t i = 0; i + 8 <= length; i += 4)
            assert_false(state_holds(numbers + i, 8));
        if (length > OUTPUT_SIZE)
            for (size_t i = 0; i + 8 <= sizeof(old_key); i += 4)
                assert_false(state_holds(old_key + i, 8));
    }
}

struct copy {
    uint32_t key[CHACHA20_KEY_WORDS];
    uint8_t output[OUTPUT_SIZE];
    size_t left;
};

static void save(struct copy *copy)
{
    memcpy(copy->key, key, sizeof(key));
    memcpy(copy->output, output, sizeof(output));
    copy->left = output_left;
}

static void restore(const struct copy *copy)
{
    memcpy(key, copy->key, sizeof(key));
    memcpy(output, copy->output, sizeof(output));
    output_left = copy->left;
}

static void draw_after_reseed(const struct copy *copy, uint8_t numbers[64])
{
    restore(copy);
    random_reseed();
    random_bytes(numbers, 64);
}

/* Without a reseed the copies would go the same way; with one, a single source that differs will
 * do, and without any difference the numbers are at least new. */
static void test_reseed(void **state)
{
    uint8_t without[64], first[64], second[64];
    struct copy copy;

    (void)state;
    random_u32(); /* so that some output lies ready */
    save(&copy);
    random_bytes(without, sizeof(without));
    restore(&copy);
    random_bytes(first, sizeof(first));
    assert_memory_equal(without, first, 64);
    draw_after_reseed(&copy, first);
    for (size_t i = 0; i + 8 <= 64; i++)
        assert_null(memmem(without, sizeof(without), first + i, 8));
    for (int source = 0; source < 4; source++) {
        draw_after_reseed(&copy, first);
        timestamp += source == 0;
        clock_time += source == 1;
        uuid_byte += source == 2;
        has_hardware = source == 3;
        draw_after_reseed(&copy, second);
        for (size_t i = 0; i + 8 <= 64; i++)
            assert_null(memmem(first, sizeof(first), second + i, 8));
    }
    draw_after_reseed(&copy, first);
    hardware++;
    draw_after_reseed(&copy, second);
    assert_memory_not_equal(first, second, 64);
    has_hardware = false;
}

/* The rule of a key that each block overwrites, written a second time. */
static void model_stir(uint32_t model[CHACHA20_KEY_WORDS], uint8_t answer[OUTPUT_SIZE],
                       const void *data, size_t length)
{
    const uint32_t position[CHACHA20_POSITION_WORDS] = { 0 };
    uint32_t block[CHACHA20_BLOCK_WORDS];

    for (size_t i = 0; i < length; i++)
        ((uint8_t *)model)[i] ^= ((const uint8_t *)data)[i];
    chacha20_block(model, position, block);
    memcpy(model, block, 32);
    memcpy(answer, (const uint8_t *)block + 32, OUTPUT_SIZE);
}

/* What a reseeded generator answers is made of its key and of each source, and of nothing else. */
static void test_answer(void **state)
{
    uint64_t numbers[HARDWARE_WORDS];
    uint8_t uuid[sizeof(xen_domain_handle_t)], answer[OUTPUT_SIZE], drawn[OUTPUT_SIZE];
    uint32_t model[CHACHA20_KEY_WORDS];

    (void)state;
    has_hardware = true;
    hardware = 0x0123456789abcdef;
    clock_time = 1764547200000000123;
    uuid_byte = 0x5a;
    random_u32(); /* so that some output lies ready */
    memcpy(model, key, sizeof(model));
    random_reseed();
    for (unsigned int i = 0; i < HARDWARE_WORDS; i++)
        numbers[i] = hardware;
    for (size_t at = 0; at < sizeof(numbers); at += sizeof(model))
        model_stir(model, answer, (const uint8_t *)numbers + at, sizeof(model));
    model_stir(model, answer, &clock_time, sizeof(clock_time));
    memset(uuid, uuid_byte, sizeof(uuid));
    model_stir(model, answer, uuid, sizeof(uuid));
    model_stir(model, answer, NULL, 0);
    random_bytes(drawn, sizeof(drawn));
    assert_memory_equal(drawn, answer, sizeof(drawn));
    model_stir(model, answer, NULL, 0);
    random_bytes(drawn, sizeof(drawn));
    assert_memory_equal(drawn, answer, sizeof(drawn));
    has_hardware = false;
}

/* Each byte of a seed matters, however long it is. */
static void test_seed(void **state)
{
    char seed[100];
    uint8_t first[32], second[32];
    struct copy copy;

    (void)state;
    memset(seed, 'a', sizeof(seed));
    save(&copy);
    for (size_t i = 0; i < sizeof(seed); i++) {
        restore(&copy);
        random_stir_seed(seed, sizeof(seed));
        random_bytes(first, sizeof(first));
        restore(&copy);
        seed[i]++;
        random_stir_seed(seed, sizeof(seed));
        random_bytes(second, sizeof(second));
        assert_memory_not_equal(first, second, sizeof(first));
    }
}

static void test_report(void **state)
{
    (void)state;
    from_command_line = false;
    random_reseed();
    random_report_source();
    assert_non_null(strstr(log_text, "no RDSEED or RDRAND"));
    assert_non_null(strstr(log_text, "alone"));
    random_stir_seed("x", 1);
    random_report_source();
    assert_non_null(strstr(log_text, "and from seed="));
    log_text[0] = '\0';
    has_hardware = true;
    random_reseed();
    random_report_source();
    assert_string_equal(log_text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_erasure),
        cmocka_unit_test(test_reseed),  cmocka_unit_test(test_seed),
        cmocka_unit_test(test_report),  cmocka_unit_test(test_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
