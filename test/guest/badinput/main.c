/* SPDX-License-Identifier: MIT */
/* Tells what each folder that its arguments name holds: all that it finds is what was mounted. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void tell(const char *path)
{
    unsigned int count = 0;
    struct dirent *entry;
    DIR *stream = opendir(path);

    if (stream == NULL) {
        printf("%s: %s\n", path, strerror(errno));
        return;
    }
    while ((entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        printf("%s holds %s\n", path, entry->d_name);
        count++;
    }
    closedir(stream);
    printf("%s: %u names\n", path, count);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        tell(argv[i]);
    return 0;
}
