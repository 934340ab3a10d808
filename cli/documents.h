/* Documents from files: --documents. */
#ifndef CLI_DOCUMENTS_H
#define CLI_DOCUMENTS_H

#include <jopa.h>

/* Read what the option `documents` names: FILE.jsonl has an object with "title" and "text" a line, FILE.json an array
 * of them, any other file is a document with its name as title, and a folder holds files, in the order of their names;
 * hidden ones are left out. The option then has them as the library takes them. -1: done; otherwise the exit code, and
 * told. */
int documents_read(jopa_options *o);

#endif
