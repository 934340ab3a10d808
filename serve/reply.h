/* Answers. Each function queues one, and returns MHD_YES, or MHD_NO to close the connection. */
#ifndef SERVE_REPLY_H
#define SERVE_REPLY_H

#include "exchange.h"

/* What nothing may load, run or frame: the policy of all answers that are no page. */
#define POLICY_NOTHING "default-src 'none'; frame-ancestors 'none'"

/* Takes `text`, malloc'd; NULL: no memory. */
enum MHD_Result reply_text(exchange *x, unsigned status, const char *type, char *text, size_t size);
enum MHD_Result reply_json(exchange *x, unsigned status, char *json);
/* Bytes that stay where they are. */
enum MHD_Result reply_static(exchange *x, const char *type, const char *policy, const char *text, size_t size);
enum MHD_Result reply_error(exchange *x, unsigned status, const jopa_error *e);
enum MHD_Result reply_fail(exchange *x, unsigned status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A response that is made, with the headers that all have; it is let go of. */
enum MHD_Result reply_with(exchange *x, unsigned status, const char *type, const char *policy,
                           struct MHD_Response *response);
/* A response of reply_with's kind from malloc'd text, to add headers to; NULL: no memory, and the text is freed. */
struct MHD_Response *reply_taken(char *text, size_t size);

#endif
