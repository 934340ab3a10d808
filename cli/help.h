#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

void help_overview(FILE *out); /* every command, a line each */

#endif
