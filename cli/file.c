#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"

static char *read_stream(FILE *f, size_t *size) {
    size_t used = 0, capacity = 4096;
    char  *text = malloc(capacity + 1);
    while (text) {
        used += fread(text + used, 1, capacity - used, f);
        if (used < capacity) break;
        char *more = realloc(text, 2 * capacity + 1);
        if (!more) free(text);
        text = more;
        capacity *= 2;
    }
    if (!text) return NULL;
    text[used] = '\0';
    *size = used;
    return text;
}

/* Bytes of the mark that some programs put before UTF-8. */
static size_t mark_size(const char *text, size_t size) { return size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0; }

/* Whether every line ends as Windows' do, and there is one. */
static bool ends_lines_by_two(const char *text, size_t size) {
    bool any = false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '\n') continue;
        if (!i || text[i - 1] != '\r') return false;
        any = true;
    }
    return any;
}

/* In place: without a byte order mark, with LF for the line ends of a file in which all are CRLF or all are CR, and
 * without the last line's end. */
static size_t tidy_text(char *text, size_t size) {
    size_t from = mark_size(text, size), kept = 0;
    bool   two = ends_lines_by_two(text, size);
    for (size_t i = from; i < size; i++)
        if (!two || text[i] != '\r' || i + 1 == size || text[i + 1] != '\n') text[kept++] = text[i];
    if (!memchr(text, '\n', kept))
        for (size_t i = 0; i < kept; i++)
            if (text[i] == '\r') text[i] = '\n';
    if (kept && text[kept - 1] == '\n') kept -= kept > 1 && text[kept - 2] == '\r' ? 2 : 1;
    text[kept] = '\0';
    return kept;
}

/* False: said what it is instead. */
static bool is_text(const char *name, const char *text, size_t size) {
    if (size >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2))) {
        say(0, "'%s' is UTF-16: save it as UTF-8", name);
        return false;
    }
    if (strlen(text) == size) return true;
    say(0, "'%s' is not text: byte %zu is NUL", name, strlen(text));
    return false;
}

char *file_read(const char *path, size_t *size) {
    bool        standard = !strcmp(path, "-");
    FILE       *f = standard ? stdin : fopen(path, "rb");
    const char *name = standard ? "standard input" : path;
    if (!f) {
        say(0, "cannot read '%s': %s", path, strerror(errno));
        return NULL;
    }
    size_t length = 0;
    errno = 0;
    char *text = read_stream(f, &length);
    bool  failed = ferror(f);
    if (!standard) fclose(f);
    if (!text || failed) say(0, "cannot read '%s': %s", name, errno ? strerror(errno) : "out of memory");
    else if (is_text(name, text, length)) length = tidy_text(text, length);
    else failed = true;
    if (failed) {
        free(text);
        text = NULL;
    }
    if (size) *size = length;
    return text;
}

bool file_put(int fd, const char *text, size_t size) {
    while (size) {
        ssize_t written = write(fd, text, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text += written;
        size -= (size_t)written;
    }
    return true;
}

static bool write_all(int fd, bool mark, const char *text, size_t size) {
    return (!mark || file_put(fd, "\xef\xbb\xbf", 3)) && file_put(fd, text, size);
}

static char *temporary_name(const char *path) {
    size_t size = strlen(path) + 32;
    char  *name = malloc(size);
    if (name) snprintf(name, size, "%s.%ld.tmp", path, (long)getpid());
    return name;
}

/* Devices such as /dev/full and /dev/null are written in place: there is nothing to rename. */
static bool is_special(const char *path) {
    struct stat info;
    return !stat(path, &info) && !S_ISREG(info.st_mode);
}

static bool write_beside(const char *path, bool mark, const char *text, size_t size) {
    char *name = is_special(path) ? strdup(path) : temporary_name(path);
    bool  beside = name && strcmp(name, path);
    int   fd = name ? open(name, O_WRONLY | O_CREAT | O_CLOEXEC | (beside ? O_EXCL : 0), 0666) : -1;
    bool  fine = fd >= 0 && write_all(fd, mark, text, size) && (!beside || !fsync(fd));
    int   why = errno;
    if (fd >= 0 && close(fd) && fine) {
        fine = false;
        why = errno;
    }
    if (fine && beside && rename(name, path)) {
        fine = false;
        why = errno;
    }
    if (!fine && beside && fd >= 0) unlink(name);
    free(name);
    errno = why;
    return fine;
}

bool file_write(const char *path, bool mark, const char *text, size_t size) {
    bool standard = !path || !strcmp(path, "-");
    bool fine = standard ? write_all(STDOUT_FILENO, mark, text, size) : write_beside(path, mark, text, size);
    if (!fine) say(0, "cannot write '%s': %s", standard ? "standard output" : path, strerror(errno));
    return fine;
}

bool file_writable(const char *path) {
    struct stat info;
    if (!path || !strcmp(path, "-")) return true;
    if (!stat(path, &info) && S_ISDIR(info.st_mode)) {
        say(0, "cannot write '%s': it is a directory", path);
        return false;
    }
    if (is_special(path)) return true;
    char *name = temporary_name(path);
    int   fd = name ? open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
    if (fd < 0) say(0, "cannot write '%s': %s", path, strerror(errno));
    else {
        close(fd);
        unlink(name);
    }
    free(name);
    return fd >= 0;
}
