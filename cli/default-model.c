#include "default-model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

static const char *script(void) {
    static const char *const places[] = {JOPA_SCRIPTS "/fetch-model.sh", JOPA_INSTALLED_SCRIPTS "/fetch-model.sh"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!access(places[i], X_OK)) return places[i];
    return NULL;
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

static char *read_line(int fd) {
    FILE  *f = fdopen(fd, "r");
    char  *line = NULL;
    size_t capacity = 0;
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

char *default_model(bool quiet) {
    const char *path = script();
    int         from = -1, status = 0;
    pid_t       child = path ? start(path, quiet, &from) : -1;
    if (child < 0) {
        say(0, "cannot fetch the default model: %s; give one with --model", path ? strerror(errno) : "scripts/fetch-model.sh is not there");
        return NULL;
    }
    char *line = read_line(from);
    waitpid(child, &status, 0);
    if (line && WIFEXITED(status) && !WEXITSTATUS(status)) return line;
    free(line);
    say(0, "the default model could not be fetched (see above): give one with --model FILE");
    return NULL;
}
