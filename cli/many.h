/* The commands that take a file of questions: --data FILE. */
#ifndef CLI_MANY_H
#define CLI_MANY_H

#include "ask.h"

/* Parse argv, and ask one question; or what --data holds, with one result a line, where --results says or to standard
 * output, as they come. Returns the exit code. */
int many_or_one(ask_function ask, int argc, const char **argv);

/* -1: what --data excludes was not given, and nothing is known to be wrong with all of its questions; otherwise the
 * exit code. Reads the chat template's file. */
int many_check(options *o);

#endif
