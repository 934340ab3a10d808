#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "fail.h"
#include "settings.h"

enum { PATH_SIZE = 4096 };

static bool path_of(char path[PATH_SIZE], const char *folder, const char *id, const char *end) {
    return snprintf(path, PATH_SIZE, "%s/%s%s", folder, id, end) < PATH_SIZE;
}

static bool put_all(int fd, const char *text, size_t size) {
    while (size) {
        ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        text += n;
        size -= (size_t)n;
    }
    return true;
}

static bool sync_folder(const char *folder) {
    int  fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool fine = fd >= 0 && (!fsync(fd) || errno == EINVAL);
    if (fd >= 0) close(fd);
    return fine;
}

static bool write_and_rename(const char *folder, const char *name, const char *temporary, const char *json,
                             size_t size) {
    int  fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool fine = fd >= 0 && put_all(fd, json, size) && !fsync(fd);
    if (fd >= 0 && close(fd)) fine = false;
    fine = fine && !rename(temporary, name) && sync_folder(folder);
    int why = errno;
    if (!fine) unlink(temporary);
    errno = why;
    return fine;
}

int store_write(const char *folder, const char *id, const char *json, size_t size, jopa_error *e) {
    char name[PATH_SIZE], temporary[PATH_SIZE];
    if (!folder) return JOPA_OK;
    if (!path_of(name, folder, id, ".json") || !path_of(temporary, folder, id, ".tmp"))
        return fail(e, JOPA_ERROR_IO, "the folder's name is too long");
    if (!write_and_rename(folder, name, temporary, json, size))
        return fail(e, JOPA_ERROR_IO, "the result could not be stored: %s", strerror(errno));
    return JOPA_OK;
}

const char *result_command(const char *json, size_t size, jopa_error *e) {
    jopa_result *r = NULL;
    if (jopa_result_parse(&r, json, size, e)) return NULL;
    const char           *name = jopa_result_text(r, -1, "command");
    const served_command *found = name ? command_served(name) : NULL;
    jopa_result_free(r);
    if (!found) fail(e, JOPA_ERROR_INPUT, "the result is of a command that this server does not have");
    return found ? found->name : NULL;
}

static char *read_file(const char *path, size_t *size) {
    int         fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;
    bool        fine = fd >= 0 && !fstat(fd, &info) && S_ISREG(info.st_mode) && info.st_size < (1 << 30);
    char       *text = fine ? malloc((size_t)info.st_size + 1) : NULL;
    size_t      used = 0;
    for (ssize_t n = 1; text && n > 0 && used<(size_t)info.st_size; used += n> 0 ? (size_t)n : 0)
        n = read(fd, text + used, (size_t)info.st_size - used);
    if (fd >= 0) close(fd);
    if (text) text[used] = '\0';
    *size = used;
    return text;
}

char *store_read(const char *folder, const char *id, const char **command, size_t *size) {
    char path[PATH_SIZE];
    if (!folder || !path_of(path, folder, id, ".json")) return NULL;
    char *json = read_file(path, size);
    *command = json ? result_command(json, *size, NULL) : NULL;
    if (*command) return json;
    free(json);
    return NULL;
}

void store_remove(const char *folder, const char *id) {
    char path[PATH_SIZE];
    if (folder && path_of(path, folder, id, ".json")) unlink(path);
}

void store_tidy(const char *folder) {
    DIR           *d = folder ? opendir(folder) : NULL;
    struct dirent *entry;
    while (d && (entry = readdir(d))) {
        char path[PATH_SIZE], *end = strstr(entry->d_name, ".tmp");
        bool ours = end && end - entry->d_name == 32 && !end[4];
        if (ours && path_of(path, folder, entry->d_name, "")) unlink(path);
    }
    if (d) closedir(d);
}
