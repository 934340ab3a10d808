/* Preloaded into the command: one call on a file below FAULT_DIR fails. FAULT_CALL names it (open, write, fsync, close,
 * rename, fopen, fwrite, fflush, fclose), FAULT_AT which one of them, from 0, FAULT_ERROR how: a number for errno, or
 * `short`: half is written. FAULT_MARK is made when it has happened. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

static bool is_inside(const char *path) {
    const char *folder = getenv("FAULT_DIR");
    return folder && path && !strncmp(path, folder, strlen(folder));
}

static bool is_file_inside(int fd) {
    char    link[64], path[4096];
    ssize_t size;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof path - 1);
    path[size > 0 ? size : 0] = '\0';
    return is_inside(path);
}

/* Whether this is the call that is to fail; errno is set. */
static bool is_faulty(const char *name) {
    static int  seen;
    const char *call = getenv("FAULT_CALL"), *at = getenv("FAULT_AT"), *error = getenv("FAULT_ERROR"),
               *mark = getenv("FAULT_MARK");
    if (!call || !at || !error || !mark || strcmp(call, name) || seen++ != atoi(at)) return false;
    int made = REAL(open)(mark, O_WRONLY | O_CREAT, 0666);
    if (made >= 0) REAL(close)(made);
    errno = atoi(error);
    return true;
}

static bool is_short(void) {
    const char *error = getenv("FAULT_ERROR");
    return error && !strcmp(error, "short");
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return is_inside(path) && is_faulty("open") ? -1 : REAL(open)(path, flags, mode);
}

ssize_t write(int fd, const void *data, size_t size) {
    if (!is_file_inside(fd) || !is_faulty("write")) return REAL(write)(fd, data, size);
    return is_short() && size > 1 ? REAL(write)(fd, data, size / 2) : -1;
}

int fsync(int fd) { return is_file_inside(fd) && is_faulty("fsync") ? -1 : REAL(fsync)(fd); }

int close(int fd) {
    bool faulty = is_file_inside(fd) && is_faulty("close");
    int  error = errno, status = REAL(close)(fd); /* Linux closes it all the same */
    if (faulty) errno = error;
    return faulty ? -1 : status;
}

int rename(const char *from, const char *to) {
    return is_inside(to) && is_faulty("rename") ? -1 : REAL(rename)(from, to);
}

FILE *fopen(const char *path, const char *mode) {
    return is_inside(path) && is_faulty("fopen") ? NULL : REAL(fopen)(path, mode);
}

size_t fwrite(const void *data, size_t size, size_t n, FILE *f) {
    if (!is_file_inside(fileno(f)) || !is_faulty("fwrite")) return REAL(fwrite)(data, size, n, f);
    int    error = errno;
    size_t written = REAL(fwrite)(data, 1, size * n / 2, f); /* a full disk: some of it is there */
    REAL(fflush)(f);
    errno = error;
    return size ? written / size : 0;
}

int fflush(FILE *f) {
    if (!f || !is_file_inside(fileno(f)) || !is_faulty("fflush")) return REAL(fflush)(f);
    return EOF;
}

int fclose(FILE *f) {
    bool faulty = is_file_inside(fileno(f)) && is_faulty("fclose");
    int  error = errno, status = REAL(fclose)(f);
    if (faulty) errno = error;
    return faulty ? EOF : status;
}
