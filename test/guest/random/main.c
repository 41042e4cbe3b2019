/* SPDX-License-Identifier: MIT */
/*
 * The application's ways to random numbers: what they answer and refuse; no 16 bytes come twice,
 * whichever way they are drawn. run.sh compares the first of two boots.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../check.h"
#include "lib/random/random.h"

#define DRAWS 64
#define SIZE 16

static unsigned char draws[DRAWS][SIZE];

static int draw_from_file(const char *name, void *buffer)
{
    int file = open(name, O_RDONLY), length = file < 0 ? -1 : (int)read(file, buffer, SIZE);

    close(file);
    return length;
}

static void draw(unsigned int i)
{
    switch (i % 6) {
    case 0:
        CHECK(getrandom(draws[i], SIZE, 0) == SIZE);
        break;
    case 1:
        CHECK(getentropy(draws[i], SIZE) == 0);
        break;
    case 2:
        arc4random_buf(draws[i], SIZE);
        break;
    case 3:
        CHECK(draw_from_file("/dev/urandom", draws[i]) == SIZE);
        break;
    case 4:
        CHECK(draw_from_file("/dev/random", draws[i]) == SIZE);
        break;
    default:
        for (size_t j = 0; j < SIZE; j += sizeof(uint32_t)) {
            uint32_t number = arc4random();

            memcpy(&draws[i][j], &number, sizeof(number));
        }
        random_reseed();
    }
}

static void test_draws(void)
{
    for (unsigned int i = 0; i < DRAWS; i++) {
        draw(i);
        for (unsigned int j = 0; j < i; j++)
            CHECK(memcmp(draws[i], draws[j], SIZE) != 0);
    }
    printf("first:");
    for (int i = 0; i < SIZE; i++)
        printf(" %02x", draws[0][i]);
    printf("\n");
}

static void test_answers(void)
{
    char buffer[512], *nowhere = NULL;

    CHECK(getrandom(buffer, sizeof(buffer), GRND_NONBLOCK) == sizeof(buffer));
    CHECK(getrandom(buffer, sizeof(buffer), GRND_RANDOM | GRND_NONBLOCK) == sizeof(buffer));
    CHECK(getrandom(buffer, sizeof(buffer), GRND_INSECURE) == sizeof(buffer));
    CHECK(getrandom(buffer, 0, 0) == 0);
    errno = 0;
    CHECK(getrandom(buffer, 1, 8) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(getrandom(buffer, 1, GRND_RANDOM | GRND_INSECURE) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(getrandom(nowhere, 1, 0) == -1 && errno == EFAULT);
    CHECK(getentropy(buffer, 256) == 0);
    errno = 0;
    CHECK(getentropy(buffer, 257) == -1 && errno == EIO);
}

static void test_uniform(void)
{
    unsigned int seen = 0;

    CHECK(arc4random_uniform(0) == 0);
    CHECK(arc4random_uniform(1) == 0);
    for (int i = 0; i < 1000; i++) {
        uint32_t number = arc4random_uniform(6);

        CHECK(number < 6);
        seen |= 1u << number;
        CHECK(arc4random_uniform(0x80000001u) < 0x80000001u);
    }
    CHECK(seen == 0x3f);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        printf("argument <%s>\n", argv[i]);
    test_draws();
    test_answers();
    test_uniform();
    return check_verdict();
}
