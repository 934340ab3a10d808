/* The servers of a remote engine: equal replicas that all handles on the engine share. Each has a window: how many
 * requests it gets at once, at most as many as it has slots, larger as long as its throughput grows. A server that
 * fails rests, longer each time, and is used again once a probe row has the score that it had at the start. */
#ifndef JP_POOL_H
#define JP_POOL_H

#include <pthread.h>

#include "base/random.h"
#include "engine/engine.h"
#include "engine/remote/dialect.h"

typedef enum { JP_SERVER_UP, JP_SERVER_DOWN, JP_SERVER_PROBED, JP_SERVER_WRONG } jp_server_state;

typedef struct {
    jp_server       server;
    jp_server_state state;
    int             window, in_flight;
    int             failures;     /* in a row */
    double          rests;        /* until then */
    int             done;         /* rows since `since`, for the window */
    double          since, best;  /* rows a second, the best window's */
    char            problem[256]; /* the last */
} jp_replica;

typedef struct {
    jp_wire_row row; /* `prompt` and `response` owned */
    float      *scores;
} jp_probe_row;

/* Whether other scores of the row are those of the same model: they vary with what runs beside it. */
bool jp_probe_agrees(const jp_probe_row *p, const float *scores);

/* Texts of tokens, by id. */
typedef struct {
    char *bytes; /* NULL: unknown */
    int   size;
    bool  control;
} jp_known_piece;

typedef struct {
    pthread_mutex_t lock;
    int             users;
    char          **bases;
    jp_replica     *at; /* [n] */
    int             n;
    char           *key;
    double          timeout;
    jp_probe_row    probe;
    jp_engine      *vocabulary; /* of a tokenizer's file, which only reads, or NULL */
    char           *vocabulary_file;
    jp_known_piece *pieces; /* [n_pieces] */
    int             n_pieces;
    jp_random       random;
    double          latency; /* of a row, a running median, seconds; 0: unknown */
} jp_pool;

enum { JP_NO_SERVER = -1, JP_ALL_LOST = -2, JP_SERVER_TO_PROBE = 1 << 16 };

/* The server with the fewest requests in flight that has room for one more, which is then counted; not `other` (-1:
 * any). JP_SERVER_TO_PROBE is added where its probe row is what it has to get. JP_NO_SERVER: none has room now.
 * JP_ALL_LOST: each has failed so often that there is nothing to wait for. */
int jp_pool_take(jp_pool *p, int other);
/* The same of those that are up, for what is no row: an answer takes a slot as well. Where none is up it is `turn`'s,
 * whatever it has room for. JP_NO_SERVER: wait. jp_pool_dropped ends it. */
int jp_pool_borrow(jp_pool *p, int turn);
/* The request has ended: how it went. */
void jp_pool_scored(jp_pool *p, int i, double seconds);
void jp_pool_dropped(jp_pool *p, int i);
void jp_pool_failed(jp_pool *p, int i, const char *problem, double retry_after);
/* It answers what is not true: it gets nothing more. */
void jp_pool_wrong(jp_pool *p, int i, const char *problem);
void jp_pool_probed(jp_pool *p, int i, bool agrees);
/* What was wrong with each, one line. */
void   jp_pool_problems(jp_pool *p, char *out, size_t room);
int    jp_pool_slots(jp_pool *p);   /* requests at once, of all */
double jp_pool_latency(jp_pool *p); /* of a row, about the median, seconds; 0: unknown */
/* The address of the i-th server, those that are up first. */
const char *jp_pool_base(jp_pool *p, int i);

jp_pool *jp_pool_new(char **bases, int n); /* takes the bases over on success */
void     jp_pool_free(jp_pool *p);         /* the last user's */

#endif
