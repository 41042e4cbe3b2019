/* SPDX-License-Identifier: MIT */
/*
 * Directory streams. A stream holds the open directory itself rather than its descriptor's number,
 * and one entry that readdir() overwrites. telldir()'s answer is the filesystem's own cookie.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file/attributes.h"
#include "lib/file/file.h"

struct directory_stream {
    int descriptor;
    struct file *file;
    struct dirent entry;
};

static int stream_create(int descriptor, DIR **stream)
{
    struct file *file = descriptor_get(descriptor);
    struct file_attributes attributes = { 0 };
    int result;

    if (file == NULL)
        return -EBADF;
    result = file->operations->stat != NULL ? file->operations->stat(file, &attributes) : -ENOTDIR;
    if (result == 0 &&
        (file_type(&attributes) != FILE_DIRECTORY || file->operations->readdir == NULL))
        result = -ENOTDIR;
    *stream = result == 0 ? malloc(sizeof(**stream)) : NULL;
    if (*stream == NULL) {
        file_put(file);
        return result != 0 ? result : -ENOMEM;
    }
    (*stream)->descriptor = descriptor;
    (*stream)->file = file;
    return 0;
}

DIR *fdopendir(int descriptor)
{
    DIR *stream = NULL;

    posix_result(stream_create(descriptor, &stream));
    return stream;
}

DIR *opendir(const char *path)
{
    DIR *stream;
    int saved, descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (descriptor < 0)
        return NULL;
    stream = fdopendir(descriptor);
    if (stream == NULL) {
        saved = errno;
        descriptor_close(descriptor);
        errno = saved;
    }
    return stream;
}

struct dirent *readdir(DIR *stream)
{
    struct directory_entry entry;
    int result = stream->file->operations->readdir(stream->file, &entry);

    if (result <= 0) {
        posix_result(result);
        return NULL;
    }
    stream->entry.d_ino = entry.inode;
    stream->entry.d_off = stream->file->position;
    stream->entry.d_reclen = sizeof(stream->entry);
    stream->entry.d_type = entry.type;
    strcpy(stream->entry.d_name, entry.name);
    return &stream->entry;
}

int closedir(DIR *stream)
{
    int descriptor = stream->descriptor;

    file_put(stream->file);
    free(stream);
    return (int)posix_result(descriptor_close(descriptor));
}

void rewinddir(DIR *stream)
{
    stream->file->position = 0;
}

long telldir(DIR *stream)
{
    return stream->file->position;
}

void seekdir(DIR *stream, long position)
{
    stream->file->position = position;
}

int dirfd(DIR *stream)
{
    return stream->descriptor;
}
