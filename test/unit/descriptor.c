/* SPDX-License-Identifier: MIT */
/* The POSIX entry points: descriptors, files, directories, /dev, pipes, poll() and select(). */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c
// SRCS: $(TEST_VFS) $(TEST_RAMFS) lib/fs/devfs/devfs.c lib/fs/start.c
// SRCS: lib/posix/io_vector.c lib/file/descriptor.c
// SRCS: lib/posix/duplicate.c lib/posix/limits.c lib/file/console_file.c lib/file/close_all.c lib/posix/open.c
// SRCS: lib/posix/names.c lib/posix/path.c lib/posix/status.c lib/posix/change.c
// SRCS: lib/posix/working_directory.c lib/posix/statvfs.c lib/posix/directory.c lib/file/poll.c
// SRCS: lib/posix/select.c lib/file/pipe.c
// CFLAGS: -Wno-stringop-overflow -include test/unit/posix_names.h -Wl,-T,test/unit/sets.ld
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "fakes.h"

#include <errno.h>
#include <string.h>

#include "fake_disk.h"
#include "lib/base/commandline.h"
#include "lib/file/file.h"
#include "lib/file/poll.h"
#include "lib/sched/sched.h"
#include "lib/fs/vfs.h"

extern void (*const initcalls_start[])(void);
extern void (*const initcalls_end[])(void);
extern const struct commandline_option *const commandline_options_start[];

#define assert_fails(call, error)         \
    do {                                  \
        errno = 0;                        \
        assert_true((call) == -1);        \
        assert_int_equal(errno, (error)); \
    } while (0)

static void start(void)
{
    const struct commandline_option *const *option = commandline_options_start;
    void (*const *call)(void);

    while (strcmp((*option)->name, "mount") != 0)
        option++;
    assert_int_equal((*option)->set("nonsense"), -EINVAL);
    assert_int_equal((*option)->set("/www:xvdz"), 0);
    for (call = initcalls_start; call < initcalls_end; call++)
        (*call)();
    assert_non_null(strstr(fake_log, "mount: no disk xvdz for /www; disks here: none"));
}

static int set_up(void **state)
{
    (void)state;
    start();
    return 0;
}

static void console(void **state)
{
    char buffer[16];
    struct stat status;

    (void)state;
    assert_int_equal(write(1, "out", 3), 3);
    assert_int_equal(write(2, "err", 3), 3);
    assert_memory_equal(fake_console_output, "outerr", 6);
    assert_int_equal(isatty(0), 1);
    assert_int_equal(isatty(77), 0);
    assert_int_equal(errno, EBADF);
    assert_fails(lseek(1, 0, SEEK_SET), ESPIPE);
    assert_fails(pread(0, buffer, 1, 0), ESPIPE);
    assert_fails(ftruncate(1, 0), EINVAL);
    assert_int_equal(fstat(1, &status), 0);
    assert_true(S_ISCHR(status.st_mode));
    assert_int_equal(fcntl(0, F_SETFL, O_NONBLOCK), 0);
    assert_fails(read(0, buffer, 16), EAGAIN);
    fake_console_input("typed");
    assert_int_equal(read(0, buffer, 16), 5);
    assert_memory_equal(buffer, "typed", 5);
    assert_int_equal(fcntl(0, F_SETFL, 0), 0);
}

static void descriptors(void **state)
{
    int a, b, i;

    (void)state;
    a = open("/tmp/f", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    assert_int_equal(a, 3);
    assert_int_equal(fcntl(a, F_GETFD), FD_CLOEXEC);
    b = dup(a);
    assert_int_equal(b, 4);
    assert_int_equal(fcntl(b, F_GETFD), 0);
    assert_int_equal(write(a, "abc", 3), 3);
    assert_int_equal(lseek(b, 0, SEEK_CUR), 3);
    assert_int_equal(fcntl(a, F_DUPFD, 100), 100);
    assert_int_equal(fcntl(a, F_GETFL) & O_ACCMODE, O_RDWR);
    assert_int_equal(fcntl(a, F_SETFL, O_APPEND | O_WRONLY), 0);
    assert_int_equal(fcntl(b, F_GETFL), O_RDWR | O_APPEND);
    assert_fails(fcntl(a, 9999), EINVAL);
    assert_fails(fcntl(99, F_GETFL), EBADF);
    assert_fails(fcntl(a, F_DUPFD, -1), EINVAL);
    assert_fails(fcntl(a, F_DUPFD, (int)DESCRIPTORS_AT_FIRST), EINVAL);
    assert_int_equal(dup2(a, 200), 200);
    assert_int_equal(dup2(a, a), a);
    assert_int_equal(dup2(200, 100), 100);
    assert_fails(dup2(a, (int)DESCRIPTORS_AT_FIRST), EBADF);
    assert_fails(dup2(77, 78), EBADF);
    assert_int_equal(close(a), 0);
    assert_fails(close(a), EBADF);
    assert_fails(close(-1), EBADF);
    assert_fails(read(-1, &i, 1), EBADF);
    assert_int_equal(dup(b), a);
    for (i = 0; dup(b) >= 0; i++)
        continue;
    assert_int_equal(errno, EMFILE);
    assert_int_equal(descriptors_in_use(), (int)DESCRIPTORS_AT_FIRST);
    assert_fails(open("/tmp/f", O_RDONLY), EMFILE);
    for (i = 3; i < (int)DESCRIPTORS_AT_FIRST; i++)
        assert_int_equal(close(i), 0);
    assert_int_equal(descriptors_in_use(), 3);
}

/* The limit is the program's to raise; what is open above a lower one stays. */
static void limits(void **state)
{
    struct rlimit limit;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(limit.rlim_cur == FD_SETSIZE && limit.rlim_max == 1048576);
    assert_fails(dup2(1, 100000), EBADF);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(dup2(1, 1048575), 1048575);
    assert_int_equal(fcntl(1, F_DUPFD_CLOEXEC, 100000), 100000);
    assert_int_equal(fcntl(100000, F_GETFD), FD_CLOEXEC);
    assert_int_equal(write(100000, "far", 3), 3);
    assert_int_equal(dup(1), 3);
    assert_fails(fcntl(1, F_DUPFD, 1048575), EMFILE);
    assert_fails(fcntl(1, F_DUPFD, 1048576), EINVAL);
    limit.rlim_cur = 1024;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(close(1048575), 0);
    assert_int_equal(close(100000), 0);
    assert_int_equal(close(3), 0);
    limit.rlim_max = 2000000;
    assert_fails(setrlimit(RLIMIT_NOFILE, &limit), EPERM);
    limit.rlim_max = 1000;
    assert_fails(setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
    assert_fails(getrlimit(RLIMIT_NOFILE + 1, &limit), EINVAL);
    assert_int_equal(descriptors_in_use(), 3);
}

static void vectors(void **state)
{
    char one[4], two[8] = "";
    static struct iovec many[1025];
    struct iovec in[] = { { one, 4 }, { NULL, 0 }, { two, 8 } };
    struct iovec out[] = { { (void *)"first", 5 }, { (void *)"second", 6 } };
    struct iovec huge[] = { { one, SIZE_MAX / 2 }, { one, SIZE_MAX / 2 } };
    int f = open("/tmp/v", O_RDWR | O_CREAT | O_TRUNC, 0600);

    (void)state;
    assert_int_equal(writev(f, out, 2), 11);
    assert_int_equal(lseek(f, 0, SEEK_SET), 0);
    assert_int_equal(readv(f, in, 3), 11);
    assert_memory_equal(one, "firs", 4);
    assert_memory_equal(two, "tsecond", 7);
    assert_int_equal(preadv(f, in, 1, 5), 4);
    assert_memory_equal(one, "seco", 4);
    assert_int_equal(pwritev(f, out, 1, 6), 5);
    assert_int_equal(pwrite(f, "X", 1, 0), 1);
    assert_int_equal(pread(f, two, 8, 0), 8);
    assert_memory_equal(two, "Xirstsfi", 8);
    assert_fails(readv(f, in, 0), EINVAL);
    assert_fails(readv(f, in, -1), EINVAL);
    assert_fails(readv(f, huge, 2), EINVAL);
    assert_int_equal(readv(f, many, 1024), 0);
    assert_fails(readv(f, many, 1025), EINVAL);
    assert_fails(pread(f, one, 1, -1), EINVAL);
    assert_int_equal(ftruncate(f, 3), 0);
    assert_fails(ftruncate(f, -1), EINVAL);
    assert_fails(truncate("/tmp/v", -1), EINVAL);
    assert_int_equal(fsync(f), 0);
    assert_int_equal(close(f), 0);
}

static void names(void **state)
{
    char path[64], *allocated;
    struct stat status;
    struct statvfs space;
    int d;

    (void)state;
    assert_int_equal(mkdir("/tmp/d", 0777), 0);
    assert_int_equal(stat("/tmp/d", &status), 0);
    assert_int_equal(status.st_mode, S_IFDIR | 0755);
    assert_int_equal(access("/tmp/d", X_OK | R_OK), 0);
    assert_fails(access("/tmp/none", F_OK), ENOENT);
    d = open("/tmp/d", O_RDONLY | O_DIRECTORY);
    assert_true(d >= 0);
    assert_int_equal(close(openat(d, "f", O_WRONLY | O_CREAT, 0666)), 0);
    assert_fails(access("/tmp/d/f", X_OK), EACCES);
    assert_fails(openat(1, "f", O_RDONLY), ENOTDIR);
    assert_fails(openat(55, "f", O_RDONLY), EBADF);
    assert_fails(openat(d, "", O_RDONLY), ENOENT);
    assert_int_equal(fstatat(d, "f", &status, 0), 0);
    assert_int_equal(fstatat(AT_FDCWD, "/tmp/d/f", &status, 0), 0);
    assert_int_equal(fstatvfs(d, &space), 0);
    assert_int_equal(statvfs("/tmp", &space), 0);
    assert_true(space.f_bfree > 0 && space.f_bfree <= space.f_blocks);
    assert_fails(fstatvfs(1, &space), ENOSYS);
    assert_int_equal(close(d), 0);
    assert_int_equal(chdir("/tmp/d"), 0);
    assert_string_equal(getcwd(path, sizeof(path)), "/tmp/d");
    assert_null(getcwd(path, 3));
    assert_int_equal(errno, ERANGE);
    allocated = getcwd(NULL, 0);
    assert_string_equal(allocated, "/tmp/d");
    free(allocated);
    assert_int_equal(rename("f", "g"), 0);
    assert_int_equal(unlink("g"), 0);
    assert_int_equal(chdir(".."), 0);
    assert_int_equal(rmdir("d"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(umask(077), 022);
    assert_int_equal(umask(022), 077);
}

static int count_entries(DIR *stream)
{
    int count = 0;

    while (readdir(stream) != NULL)
        count++;
    return count;
}

/* FIONBIO sets and clears O_NONBLOCK of each kind of file; the access mode holds for ftruncate(). */
static void flags_of_each_kind(void **state)
{
    static const char *const names[] = { "/tmp/f", "/dev/null", "/dev/console", "/tmp" };
    int on = 1, off = 0, f, p[2];

    (void)state;
    for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        f = open(names[i], O_RDONLY | (i == 0 ? O_CREAT : 0), 0600);
        assert_true(f >= 0);
        assert_int_equal(ioctl(f, FIONBIO, &on), 0);
        assert_int_equal(fcntl(f, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
        assert_int_equal(ioctl(f, FIONBIO, &off), 0);
        assert_int_equal(fcntl(f, F_GETFL) & O_NONBLOCK, 0);
        assert_fails(ftruncate(f, 0), EINVAL);
        assert_int_equal(close(f), 0);
    }
    assert_int_equal(pipe(p), 0);
    for (unsigned int i = 0; i < 2; i++) {
        assert_int_equal(ioctl(p[i], FIONBIO, &on), 0);
        assert_int_equal(fcntl(p[i], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
        assert_int_equal(close(p[i]), 0);
    }
}

/* Two pieces to a console that takes less than the first: nothing of the second goes before the rest. */
static void console_takes_less(void **state)
{
    struct iovec vector[2] = { { "abcd", 4 }, { "ef", 2 } };
    int f = open("/dev/console", O_WRONLY | O_NONBLOCK);

    (void)state;
    fake_console_takes = 3;
    fake_console_output_length = 0;
    assert_int_equal(writev(f, vector, 2), 3);
    assert_int_equal(fake_console_output_length, 3);
    fake_console_takes = SIZE_MAX;
    assert_int_equal(writev(f, vector, 2), 6);
    close(f);
}

static void directories(void **state)
{
    struct dirent *entry;
    DIR *stream = opendir("/");
    bool seen = false;
    long place;
    int count;

    (void)state;
    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL)
        seen = seen || (strcmp(entry->d_name, "dev") == 0 && entry->d_type == DT_DIR);
    assert_true(seen);
    rewinddir(stream);
    assert_string_equal(readdir(stream)->d_name, ".");
    place = telldir(stream);
    count = count_entries(stream);
    seekdir(stream, place);
    assert_int_equal(count_entries(stream), count);
    assert_true(dirfd(stream) >= 3);
    assert_int_equal(closedir(stream), 0);
    assert_null(opendir("/none"));
    assert_int_equal(errno, ENOENT);
    assert_null(opendir("/dev/null"));
    assert_int_equal(errno, ENOTDIR);
    assert_null(fdopendir(1));
    assert_int_equal(errno, ENOTDIR);
    assert_int_equal(descriptors_in_use(), 3);
}

static void devices(void **state)
{
    static unsigned char contents[8192];
    char buffer[600];
    struct fake_disk disk;
    struct stat status;
    DIR *stream;
    int f;

    (void)state;
    f = open("/dev/null", O_RDWR | O_TRUNC);
    assert_int_equal(read(f, buffer, 9), 0);
    assert_int_equal(write(f, buffer, 9), 9);
    assert_int_equal(isatty(f), 0);
    close(f);
    f = open("/dev/zero", O_RDONLY);
    assert_int_equal(read(f, buffer, 9), 9);
    assert_memory_equal(buffer, "\0\0\0\0\0\0\0\0\0", 9);
    close(f);
    f = open("/dev/full", O_WRONLY);
    assert_fails(write(f, buffer, 9), ENOSPC);
    close(f);
    f = open("/dev/urandom", O_RDONLY);
    assert_int_equal(read(f, buffer, 600), 600);
    close(f);
    f = open("/dev/console", O_RDWR);
    assert_int_equal(isatty(f), 1);
    close(f);
    f = open("/dev/console", O_WRONLY);
    assert_fails(read(f, buffer, 1), EBADF);
    close(f);
    f = open("/dev/console", O_RDONLY | O_NONBLOCK);
    assert_fails(write(f, buffer, 1), EBADF);
    assert_fails(read(f, buffer, 1), EAGAIN);
    assert_int_equal(fcntl(f, F_GETFL), O_RDONLY | O_NONBLOCK);
    assert_int_equal(fcntl(0, F_GETFL), O_RDWR);
    close(f);
    assert_fails(open("/dev/none", O_RDONLY), ENOENT);
    assert_fails(open("/dev/new", O_RDWR | O_CREAT, 0600), EROFS);
    assert_fails(open("/dev/null/x", O_RDONLY), ENOTDIR);
    fake_disk_create(&disk, "xvda", contents, sizeof(contents), 512);
    f = open("/dev/xvda", O_RDWR);
    assert_true(f >= 0);
    assert_int_equal(fstat(f, &status), 0);
    assert_true(S_ISBLK(status.st_mode) && status.st_size == 8192);
    assert_int_equal(pwrite(f, "raw", 3, 1000), 3);
    assert_memory_equal(contents + 1000, "raw", 3);
    assert_int_equal(lseek(f, -100, SEEK_END), 8092);
    assert_int_equal(read(f, buffer, 600), 100);
    assert_int_equal(read(f, buffer, 600), 0);
    assert_fails(write(f, buffer, 1), ENOSPC);
    assert_int_equal(fsync(f), 0);
    disk.error = -EIO;
    assert_fails(pread(f, buffer, 512, 0), EIO);
    close(f);
    stream = opendir("/dev");
    assert_int_equal(count_entries(stream), 2 + 6 + 1);
    closedir(stream);
    fake_disk_destroy(&disk);
}

static void pipes(void **state)
{
    static char big[10000], buffer[10000];
    struct stat status;
    int p[2], available;

    (void)state;
    assert_int_equal(pipe2(p, O_NONBLOCK), 0);
    assert_fails(read(p[0], buffer, 1), EAGAIN);
    assert_fails(read(p[1], buffer, 1), EBADF);
    assert_fails(write(p[0], buffer, 1), EBADF);
    assert_fails(lseek(p[0], 0, SEEK_SET), ESPIPE);
    assert_int_equal(fstat(p[0], &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    assert_int_equal(write(p[1], "hello", 5), 5);
    assert_int_equal(ioctl(p[0], FIONREAD, &available), 0);
    assert_int_equal(available, 5);
    assert_int_equal(read(p[0], buffer, 3), 3);
    assert_int_equal(write(p[1], big, sizeof(big)), 4094);
    assert_fails(write(p[1], big, 1), EAGAIN);
    assert_int_equal(read(p[0], buffer, sizeof(buffer)), 4096);
    assert_memory_equal(buffer, "lo", 2);
    assert_int_equal(close(p[1]), 0);
    assert_int_equal(read(p[0], buffer, 1), 0);
    assert_int_equal(close(p[0]), 0);
    assert_int_equal(pipe(p), 0);
    assert_int_equal(close(p[0]), 0);
    assert_fails(write(p[1], big, 1), EPIPE);
    assert_int_equal(close(p[1]), 0);
    assert_fails(pipe2(p, O_APPEND), EINVAL);
}

static int shared[2];

/* What is to be written in several pieces goes in like one piece: all of it, or nothing. */
static void pipe_vectors(void **state)
{
    static char big[4096], buffer[4096];
    struct iovec vector[4] = { { "ab", 2 }, { NULL, 0 }, { big, 300 }, { "yz", 2 } };
    int p[2];

    (void)state;
    assert_int_equal(pipe2(p, O_NONBLOCK), 0);
    assert_int_equal(read(p[0], NULL, 0), 0);
    assert_int_equal(readv(p[0], vector + 1, 1), 0);
    assert_int_equal(write(p[1], NULL, 0), 0);
    assert_int_equal(writev(p[1], vector, 4), 304);
    assert_int_equal(read(p[0], buffer, 4096), 304);
    assert_memory_equal(buffer, "ab", 2);
    assert_memory_equal(buffer + 302, "yz", 2);
    assert_int_equal(write(p[1], big, 4096 - 303), 4096 - 303);
    assert_fails(writev(p[1], vector, 4), EAGAIN);
    assert_int_equal(read(p[0], buffer, 1), 1);
    assert_int_equal(writev(p[1], vector, 4), 304);
    assert_int_equal(read(p[0], buffer, 3792), 3792);
    assert_int_equal(read(p[0], buffer, 4096), 304);
    vector[2].iov_len = 4096;
    vector[1] = (struct iovec){ big, 100 };
    assert_int_equal(writev(p[1], vector, 4), 4096);
    assert_int_equal(fcntl(p[0], F_SETFL, 0), 0);
    assert_int_equal(read(p[0], buffer, 4096), 4096);
    assert_int_equal(read(p[0], NULL, 0), 0);
    close(p[0]);
    assert_fails(writev(p[1], vector, 4), EPIPE);
    close(p[1]);
}

static unsigned int writers;

static void vector_writer(void *argument)
{
    char text[250];
    struct iovec vector[2] = { { text, 250 }, { text, 250 } };

    memset(text, (int)(uintptr_t)argument, sizeof(text));
    assert_int_equal(writev(shared[1], vector, 2), 500);
    writers--;
}

/* Writers that wait for room one after the other: no piece of one lies in another's. */
static void pipe_vectors_do_not_mix(void **state)
{
    char buffer[500];

    (void)state;
    assert_int_equal(pipe(shared), 0);
    for (writers = 0; writers < 20; writers++)
        thread_create("writer", vector_writer, (void *)(uintptr_t)('a' + writers));
    for (unsigned int i = 0; i < 20; i++) {
        size_t done = 0;

        /* Odd sizes, so that there is room for one piece of somebody and not for the other. */
        for (size_t size = 130; done < sizeof(buffer); done += size) {
            size = size < sizeof(buffer) - done ? size : sizeof(buffer) - done;
            assert_int_equal(read(shared[0], buffer + done, size), size);
            thread_yield();
        }
        for (size_t at = 1; at < sizeof(buffer); at++)
            assert_int_equal(buffer[at], buffer[0]);
    }
    fake_run_others();
    assert_int_equal(writers, 0);
    close(shared[0]);
    close(shared[1]);
}

static void pipe_writer(void *argument)
{
    unsigned char block[777];
    size_t i, sent = 0;

    (void)argument;
    while (sent < 50000) {
        for (i = 0; i < sizeof(block); i++)
            block[i] = (unsigned char)((sent + i) % 251);
        assert_int_equal(write(shared[1], block, sizeof(block)), sizeof(block));
        sent += sizeof(block);
    }
    close(shared[1]);
}

static void pipe_between_threads(void **state)
{
    unsigned char block[1000];
    ssize_t length;
    size_t received = 0;

    (void)state;
    assert_int_equal(pipe(shared), 0);
    thread_create("writer", pipe_writer, NULL);
    while ((length = read(shared[0], block, sizeof(block))) > 0) {
        ssize_t i;

        for (i = 0; i < length; i++)
            assert_int_equal(block[i], (received + (size_t)i) % 251);
        received += (size_t)length;
    }
    assert_int_equal(length, 0);
    assert_true(received >= 50000);
    close(shared[0]);
}

static void close_reader(void *argument)
{
    (void)argument;
    close(shared[0]);
}

static void close_during_write(void **state)
{
    static char big[10000];

    (void)state;
    assert_int_equal(pipe(shared), 0);
    thread_create("closer", close_reader, NULL);
    assert_int_equal(write(shared[1], big, sizeof(big)), 4096);
    assert_fails(write(shared[1], big, 1), EPIPE);
    close(shared[1]);
}

static void poll_writer(void *argument)
{
    (void)argument;
    thread_sleep_until(deadline_after(MILLISECONDS(5)));
    assert_int_equal(write(shared[1], "x", 1), 1);
}

static void polls(void **state)
{
    struct pollfd set[4];
    uint64_t before;
    char byte;

    (void)state;
    assert_int_equal(pipe(shared), 0);
    set[0] = (struct pollfd){ shared[0], POLLIN, 0 };
    set[1] = (struct pollfd){ -1, POLLIN, 0 };
    assert_int_equal(poll(set, 2, 0), 0);
    before = clock_monotonic();
    assert_int_equal(poll(set, 2, 30), 0);
    assert_int_equal(clock_monotonic() - before, MILLISECONDS(30));
    thread_create("writer", poll_writer, NULL);
    assert_int_equal(poll(set, 2, -1), 1);
    assert_int_equal(set[0].revents, POLLIN);
    assert_int_equal(set[1].revents, 0);
    set[1] = (struct pollfd){ shared[1], POLLOUT, 0 };
    set[2] = (struct pollfd){ 400, POLLIN, 0 };
    set[3] = (struct pollfd){ 1, POLLOUT, 0 };
    assert_int_equal(poll(set, 4, -1), 4);
    assert_int_equal(set[1].revents, POLLOUT);
    assert_int_equal(set[2].revents, POLLNVAL);
    assert_int_equal(set[3].revents, POLLOUT);
    assert_int_equal(read(shared[0], &byte, 1), 1);
    close(shared[1]);
    assert_int_equal(poll(set, 1, -1), 1);
    assert_int_equal(set[0].revents, POLLHUP);
    close(shared[0]);
    assert_fails(poll(set, DESCRIPTORS_AT_FIRST + 1, 0), EINVAL);
    assert_int_equal(poll(NULL, 0, 10), 0);
}

static void poll_many(void **state)
{
    struct pollfd set[200];
    size_t pages = fake_pages_in_use;
    int p[200][2], i, round;
    char byte;

    (void)state;
    for (i = 0; i < 200; i++) {
        assert_int_equal(pipe(p[i]), 0);
        set[i] = (struct pollfd){ p[i][0], POLLIN, 0 };
    }
    for (round = 0; round < 50; round++) {
        i = round * 37 % 200;
        shared[1] = p[i][1];
        thread_create("writer", poll_writer, NULL);
        assert_int_equal(poll(set, 200, -1), 1);
        assert_int_equal(set[i].revents, POLLIN);
        assert_int_equal(read(p[i][0], &byte, 1), 1);
    }
    for (i = 0; i < 200; i++) {
        close(p[i][0]);
        close(p[i][1]);
    }
    assert_int_equal(fake_pages_in_use, pages);
}

static void close_polled(void *argument)
{
    (void)argument;
    close(shared[0]);
    close(shared[1]);
}

static void close_during_poll(void **state)
{
    size_t pages = fake_pages_in_use;
    struct pollfd set;

    (void)state;
    assert_int_equal(pipe(shared), 0);
    set = (struct pollfd){ shared[0], POLLIN, 0 };
    thread_create("closer", close_polled, NULL);
    assert_int_equal(poll(&set, 1, 20), 1);
    assert_true(set.revents != 0);
    assert_int_equal(fake_pages_in_use, pages);
}

/*
 * Exceptional conditions alone: a pipe has none, not even when the other end is gone, so the call
 * waits for its time; a regular file is always ready.
 */
/* The other end's absence: something to read, or an error to write into; and sets are cleared. */
static void select_hang_up(void)
{
    fd_set reads, writes;
    int idle[2], p[2], q[2];
    struct timeval none = { 0, 0 };

    assert_int_equal(pipe(idle), 0);
    assert_int_equal(pipe(p), 0);
    assert_int_equal(pipe(q), 0);
    close(p[1]);
    close(q[0]);
    FD_ZERO(&reads);
    FD_ZERO(&writes);
    FD_SET(p[0], &reads);
    FD_SET(q[1], &writes);
    FD_SET(idle[0], &writes);
    assert_int_equal(select(q[1] + 1, &reads, &writes, NULL, &none), 2);
    assert_true(FD_ISSET(p[0], &reads) && FD_ISSET(q[1], &writes) && !FD_ISSET(idle[0], &writes));
    assert_fails(select(FD_SETSIZE + 1, NULL, NULL, NULL, &none), EINVAL);
    close(p[0]);
    close(q[1]);
    close(idle[0]);
    close(idle[1]);
}

static void select_exceptional(const int p[2])
{
    struct timeval timeout = { 0, 20000 };
    uint64_t start = clock_monotonic();
    fd_set set;
    int other[2], file;

    assert_int_equal(pipe(other), 0);
    close(other[1]);
    FD_ZERO(&set);
    FD_SET(p[0], &set);
    FD_SET(other[0], &set);
    assert_int_equal(select(other[0] + 1, NULL, NULL, &set, &timeout), 0);
    assert_int_equal(clock_monotonic() - start, 20000000);
    assert_false(FD_ISSET(other[0], &set));
    FD_SET(other[0], &set);
    assert_int_equal(select(other[0] + 1, NULL, &set, NULL, &timeout), 0);
    assert_int_equal(clock_monotonic() - start, 40000000);
    close(other[0]);
    file = open("/tmp/f", O_RDWR | O_CREAT, 0600);
    FD_ZERO(&set);
    FD_SET(file, &set);
    assert_int_equal(select(file + 1, NULL, NULL, &set, NULL), 1);
    assert_true(FD_ISSET(file, &set));
    close(file);
}

static void selects(void **state)
{
    struct timeval timeout = { 0, 20000 };
    fd_set read_set, write_set;
    int p[2];

    (void)state;
    assert_int_equal(pipe(p), 0);
    FD_ZERO(&read_set);
    FD_ZERO(&write_set);
    FD_SET(p[0], &read_set);
    assert_int_equal(select(p[1] + 1, &read_set, NULL, NULL, &timeout), 0);
    assert_false(FD_ISSET(p[0], &read_set));
    FD_SET(p[0], &read_set);
    FD_SET(p[1], &write_set);
    assert_int_equal(select(p[1] + 1, &read_set, &write_set, NULL, NULL), 1);
    assert_true(FD_ISSET(p[1], &write_set) && !FD_ISSET(p[0], &read_set));
    assert_int_equal(write(p[1], "x", 1), 1);
    FD_SET(p[0], &read_set);
    assert_int_equal(select(p[1] + 1, &read_set, &write_set, NULL, NULL), 2);
    FD_SET(300, &read_set);
    assert_fails(select(301, &read_set, NULL, NULL, NULL), EBADF);
    select_exceptional(p);
    select_hang_up();
    assert_fails(select(-1, NULL, NULL, NULL, NULL), EINVAL);
    timeout.tv_usec = -1;
    assert_fails(select(0, NULL, NULL, NULL, &timeout), EINVAL);
    close(p[0]);
    close(p[1]);
}

static void without_memory(void **state)
{
    DIR *stream;
    unsigned int n;
    int p[2];

    (void)state;
    for (n = 1; n < 6; n++) {
        fake_fail_at = n;
        if (pipe(p) == 0) {
            close(p[0]);
            close(p[1]);
        }
        fake_fail_at = n;
        stream = opendir("/tmp");
        if (stream != NULL)
            closedir(stream);
        fake_fail_at = n;
        if (fcntl(1, F_DUPFD, 1000) >= 0)
            close(1000);
        else
            assert_int_equal(errno, ENOMEM);
        fake_fail_at = 0;
        assert_int_equal(descriptors_in_use(), 3);
    }
}

static void the_end(void **state)
{
    (void)state;
    assert_true(open("/tmp/f", O_RDWR | O_CREAT, 0600) >= 0);
    files_close_all();
    assert_int_equal(descriptors_in_use(), 0);
    assert_fails(write(1, "x", 1), EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(console),
        cmocka_unit_test(descriptors),
        cmocka_unit_test(limits),
        cmocka_unit_test(vectors),
        cmocka_unit_test(flags_of_each_kind),
        cmocka_unit_test(console_takes_less),
        cmocka_unit_test(names),
        cmocka_unit_test(directories),
        cmocka_unit_test(devices),
        cmocka_unit_test(pipe_vectors),
        cmocka_unit_test(pipe_vectors_do_not_mix),
        cmocka_unit_test(pipes),
        cmocka_unit_test(pipe_between_threads),
        cmocka_unit_test(close_during_write),
        cmocka_unit_test(polls),
        cmocka_unit_test(poll_many),
        cmocka_unit_test(close_during_poll),
        cmocka_unit_test(selects),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(the_end),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
