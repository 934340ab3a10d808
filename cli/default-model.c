#include "default-model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

/* The folder that the command is in; false: unknown. */
static bool find_own_folder(char *path, size_t size) {
    ssize_t n = readlink("/proc/self/exe", path, size);
    if (n <= 0 || (size_t)n == size) return false;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (slash) *slash = '\0';
    return slash != NULL;
}

/* Where the script `name` is, into path[size]; false: nowhere. Below the command itself where it was built, then where
 * it was installed to, which may have been moved, then where it was to be installed to. */
static bool find_script(const char *name, char *path, size_t size) {
    static const char *const places[] = {"jopa-scripts", JOPA_SCRIPTS_FROM_BIN};
    char                     folder[4096];
    bool                     known = find_own_folder(folder, sizeof folder);
    for (size_t i = 0; i < sizeof places / sizeof *places && known; i++) {
        int n = snprintf(path, size, "%s/%s/%s", folder, places[i], name);
        if (n > 0 && (size_t)n < size && !access(path, X_OK)) return true;
    }
    snprintf(path, size, "%s/%s", JOPA_INSTALLED_SCRIPTS, name);
    return !access(path, X_OK);
}

/* Run the script, which prints the path on its standard output and what it does on stderr. */
static pid_t start(const char *path, bool quiet, int *from) {
    int ends[2];
    if (pipe(ends)) return -1;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        int null = quiet ? open("/dev/null", O_WRONLY) : -1;
        if (null >= 0) dup2(null, STDERR_FILENO);
        execl(path, path, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    if (child < 0) close(ends[0]);
    *from = ends[0];
    return child;
}

static char *read_script_line(int fd) {
    FILE   *f = fdopen(fd, "r");
    char   *line = NULL;
    size_t  capacity = 0;
    ssize_t size = f ? getline(&line, &capacity, f) : -1;
    if (f) fclose(f);
    else close(fd);
    if (size <= 0) {
        free(line);
        return NULL;
    }
    line[strcspn(line, "\n")] = '\0';
    return line;
}

/* The path that the script prints; `what` it fetches and the option that names another, for messages. */
static char *fetch_default(const char *name, const char *what, const char *option, bool quiet) {
    char  path[8192];
    int   from = -1, status = 0;
    bool  there = find_script(name, path, sizeof path);
    pid_t child = there ? start(path, quiet, &from) : -1;
    if (child < 0) {
        say(0, "cannot fetch %s: %s%s; give one with %s FILE", what, there ? "" : name,
            there ? strerror(errno) : " is not there", option);
        return NULL;
    }
    char *line = read_script_line(from);
    waitpid(child, &status, 0);
    if (line && WIFEXITED(status) && !WEXITSTATUS(status)) return line;
    free(line);
    say(0, "%s could not be fetched (see above): give one with %s FILE", what, option);
    return NULL;
}

char *default_model(bool quiet) { return fetch_default("fetch-model.sh", "the default model", "--model", quiet); }
char *default_encoder(bool quiet) {
    return fetch_default("fetch-encoder.sh", "the sentence encoder", "--encoder", quiet);
}
