/* Is loaded between a program and the C library: among the calls that write under one path, one fails or kills.
 *
 * DISK_PATH   what the files' paths begin with
 * DISK_CALLS  a file of 8 bytes that counts the calls, however the program ends
 * DISK_AT     the call that is struck, from 1; none where it is 0
 * DISK_FAULT  EIO, ENOSPC, short (half of the bytes are written) or kill
 * DISK_LASTS  whether every later call is struck as well: 0 or 1
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static const char *path_prefix;
static _Atomic long *calls;
static long struck_call;
static int lasts;
static int error_number;
static int is_short;

__attribute__((constructor)) static void begin(void) {
    path_prefix = getenv("DISK_PATH");
    const char *counter = getenv("DISK_CALLS"), *at = getenv("DISK_AT");
    const char *fault = getenv("DISK_FAULT"), *lasting = getenv("DISK_LASTS");
    if (!path_prefix || !counter || !at || !fault || !lasting) return;
    struck_call = atol(at);
    lasts = atoi(lasting);
    is_short = !strcmp(fault, "short");
    error_number = !strcmp(fault, "EIO") ? EIO : !strcmp(fault, "ENOSPC") ? ENOSPC : 0;
    int file = open(counter, O_RDWR | O_CLOEXEC);
    if (file < 0) abort();
    void *map = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map == MAP_FAILED) abort();
    calls = map;
    close(file);
}

/* Whether this call is struck. A killed program does not hear of it. */
static int is_struck(int file) {
    if (!calls) return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (strncmp(path, path_prefix, strlen(path_prefix))) return 0;
    long call = atomic_fetch_add(calls, 1) + 1;
    if (!struck_call || call < struck_call || (call > struck_call && !lasts)) return 0;
    if (!error_number && !is_short) kill(getpid(), SIGKILL);
    return 1;
}

static int failed(void) {
    errno = error_number;
    return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRITTEN(count) (is_short ? ((count) + 1) / 2 : (count))

ssize_t write(int file, const void *bytes, size_t count) {
    int struck = is_struck(file);
    if (struck && !is_short) return failed();
    return REAL(write)(file, bytes, struck ? WRITTEN(count) : count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    int struck = is_struck(file);
    if (struck && !is_short) return failed();
    return REAL(pwrite)(file, bytes, struck ? WRITTEN(count) : count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    return pwrite(file, bytes, count, offset);
}

int ftruncate(int file, off_t length) {
    return is_struck(file) && !is_short ? failed() : REAL(ftruncate)(file, length);
}

int ftruncate64(int file, off64_t length) {
    return ftruncate(file, length);
}

int fsync(int file) {
    return is_struck(file) && !is_short ? failed() : REAL(fsync)(file);
}

int fdatasync(int file) {
    return is_struck(file) && !is_short ? failed() : REAL(fdatasync)(file);
}
