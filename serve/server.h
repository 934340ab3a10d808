/* libmicrohttpd's side: requests come, are checked, and are handed to their endpoints. */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include "hub.h"

struct MHD_Daemon;

/* A socket that listens at the host and port of the settings; set.port becomes its port. */
int server_listen(hub *h, int *out, jopa_error *e);
/* Serve what comes at `socket`, which is the daemon's from now on. */
int server_start(hub *h, int socket, struct MHD_Daemon **out, jopa_error *e);
/* Once hub.stopping is set and no run is left: answers that are under way are sent, for at most two seconds. */
void server_stop(hub *h, struct MHD_Daemon *daemon);

#endif
