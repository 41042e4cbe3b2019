/* SPDX-License-Identifier: MIT */
/*
 * Paths as text.
 *
 * A normal path is "/" or "/a/b": absolute, no empty component, no "." and "..", no slash at its
 * end. Normalising appends one component after another to a normal path; ".." cuts the last one off
 * and stays at the root there.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

static size_t component_length(const char *path)
{
    size_t length = 0;

    while (path[length] != '\0' && path[length] != '/')
        length++;
    return length;
}

size_t path_component(const char **path, const char **name)
{
    size_t length = component_length(*path);

    *name = *path;
    *path += length;
    if (**path == '/')
        (*path)++;
    return length;
}

static int append(char *normal, size_t *end, const char *name, size_t length)
{
    size_t slash = *end > 1 ? 1 : 0; /* "/" ends in its own */

    if (length > VFS_NAME_MAX || *end + slash + length >= VFS_PATH_MAX)
        return -ENAMETOOLONG;
    if (slash)
        normal[(*end)++] = '/';
    memcpy(normal + *end, name, length);
    *end += length;
    normal[*end] = '\0';
    return 0;
}

static int parent(char *normal, size_t *end, int (*check)(const char *prefix))
{
    int result = check != NULL && *end > 1 ? check(normal) : 0;

    if (result != 0)
        return result;
    while (*end > 1 && normal[*end - 1] != '/')
        (*end)--;
    if (*end > 1)
        (*end)--;
    normal[*end] = '\0';
    return 0;
}

static int add_component(char *normal, size_t *end, const char *name, size_t length,
                         int (*check)(const char *prefix))
{
    if (length == 1 && name[0] == '.')
        return 0;
    if (length == 2 && name[0] == '.' && name[1] == '.')
        return parent(normal, end, check);
    return append(normal, end, name, length);
}

static bool is_dots(const char *name, size_t length)
{
    return (length == 1 || length == 2) && strspn(name, ".") == length;
}

int path_normalise(const char *from, const char *path, char *normal, bool *directory,
                   int (*check)(const char *prefix))
{
    size_t end, total = 0;
    int result = 0;

    if (path[0] == '\0')
        return -ENOENT;
    strcpy(normal, path[0] == '/' ? "/" : from);
    end = strlen(normal);
    *directory = true;
    while (result == 0 && path[total] != '\0') {
        size_t length = component_length(path + total);

        if (length > 0) {
            result = add_component(normal, &end, path + total, length, check);
            *directory = is_dots(path + total, length);
            total += length;
        } else {
            *directory = true;
            total++;
        }
        if (total >= VFS_PATH_MAX)
            return -ENAMETOOLONG;
    }
    return result;
}
