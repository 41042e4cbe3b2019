/* SPDX-License-Identifier: MIT */
/* Paths as text: normalising. */
// SRCS: test/unit/fakes.c lib/fs/path.c
#include "fakes.h"

#include <errno.h>
#include <string.h>

#include "../../lib/fs/internal.h"

struct example {
    const char *from, *path, *normal;
    bool directory;
};

static const struct example examples[] = {
    { "/", "/", "/", true },
    { "/", "a", "/a", false },
    { "/", "/a/b", "/a/b", false },
    { "/x", "a", "/x/a", false },
    { "/x", "/a", "/a", false },
    { "/x/y", "..", "/x", true },
    { "/x/y", "../..", "/", true },
    { "/x/y", "../../../..", "/", true },
    { "/x", ".", "/x", true },
    { "/", "..", "/", true },
    { "/", "//a///b//", "/a/b", true },
    { "/", "a/./b/.", "/a/b", true },
    { "/", "a/../b", "/b", false },
    { "/", "a/..", "/", true },
    { "/", "...", "/...", false },
    { "/", "..a/.b", "/..a/.b", false },
    { "/", "/..", "/", true },
    { "/", "a/", "/a", true },
};

static void normalises(void **state)
{
    char normal[VFS_PATH_MAX];
    bool directory;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        assert_int_equal(
            path_normalise(examples[i].from, examples[i].path, normal, &directory, NULL), 0);
        assert_string_equal(normal, examples[i].normal);
        assert_int_equal(directory, examples[i].directory);
    }
}

static void refuses(void **state)
{
    char normal[VFS_PATH_MAX], path[3 * VFS_PATH_MAX];
    bool directory;

    (void)state;
    assert_int_equal(path_normalise("/", "", normal, &directory, NULL), -ENOENT);
    memset(path, 'a', sizeof(path));
    path[256] = '\0';
    assert_int_equal(path_normalise("/", path, normal, &directory, NULL), -ENAMETOOLONG);
    path[255] = '\0';
    assert_int_equal(path_normalise("/", path, normal, &directory, NULL), 0);
    memset(path, '/', sizeof(path));
    path[VFS_PATH_MAX] = '\0';
    assert_int_equal(path_normalise("/", path, normal, &directory, NULL), -ENAMETOOLONG);
}

/* Whatever the text, the result is normal or there is an error. */
static void is_normal(const char *normal)
{
    assert_true(normal[0] == '/');
    assert_true(strlen(normal) < VFS_PATH_MAX);
    assert_null(strstr(normal, "//"));
    assert_null(strstr(normal, "/./"));
    assert_null(strstr(normal, "/../"));
    assert_true(strlen(normal) == 1 || normal[strlen(normal) - 1] != '/');
}

static void any_text(void **state)
{
    static const char alphabet[] = "/./.ab";
    char from[VFS_PATH_MAX] = "/", path[2000], normal[VFS_PATH_MAX];
    uint32_t seed = 1;
    bool directory;
    int round;

    (void)state;
    for (round = 0; round < 20000; round++) {
        size_t i, length = fake_random_seeded(&seed) % (round % 100 == 0 ? 1990 : 40);

        for (i = 0; i < length; i++)
            path[i] = alphabet[fake_random_seeded(&seed) % 6];
        path[length] = '\0';
        if (path_normalise(from, path, normal, &directory, NULL) != 0) {
            strcpy(from, "/");
            continue;
        }
        is_normal(normal);
        strcpy(from, normal);
    }
}

static int no_such(const char *prefix)
{
    return strcmp(prefix, "/here") == 0 ? 0 : -ENOENT;
}

static void dots_need_the_directory(void **state)
{
    char normal[VFS_PATH_MAX];
    bool directory;

    (void)state;
    assert_int_equal(path_normalise("/", "here/../x", normal, &directory, no_such), 0);
    assert_int_equal(path_normalise("/", "nowhere/../x", normal, &directory, no_such), -ENOENT);
    assert_int_equal(path_normalise("/", "../x", normal, &directory, no_such), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normalises),
        cmocka_unit_test(refuses),
        cmocka_unit_test(any_text),
        cmocka_unit_test(dots_need_the_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
