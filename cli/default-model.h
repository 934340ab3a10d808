#ifndef CLI_DEFAULT_MODEL_H
#define CLI_DEFAULT_MODEL_H

#include <stdbool.h>

/* Path of the default model, malloc'd, fetched into the user's cache where it is missing. NULL: said why not. */
char *default_model(bool quiet);
/* The same for the sentence encoder all-MiniLM-L6-v2. */
char *default_encoder(bool quiet);

#endif
