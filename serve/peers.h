/* The connections, so that none is held by a client that sends or takes too slowly. */
#ifndef SERVE_PEERS_H
#define SERVE_PEERS_H

#include "hub.h"

typedef enum { PEER_RECEIVING, PEER_WAITING, PEER_ANSWERING, PEER_STREAMING } peer_state;

/* A connection begins; NULL: no memory. */
peer *peers_open(hub *h, int socket);
void  peers_close(hub *h, peer *l);
/* What it does from now on. */
void peers_set(hub *h, peer *l, peer_state state);
/* Something moved on it. */
void peers_touch(hub *h, peer *l);
/* End those that had their time. */
void peers_look_after(hub *h);

#endif
