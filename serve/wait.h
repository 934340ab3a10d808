/* Connections that sleep: libmicrohttpd suspends them, and whoever changes their run wakes them. */
#ifndef SERVE_WAIT_H
#define SERVE_WAIT_H

#include "hub.h"

/* With hub.lock held, on libmicrohttpd's thread: sleep until the run changes. */
void wait_sleep(hub *h, waiter *w);
/* With hub.lock held: wake who sleeps for `r`; NULL: all. */
void wait_wake(hub *h, const run *r);
/* Wake who sleeps since `seconds` or longer, and end the runs of clients that went away. */
void wait_look_after(hub *h, double seconds);

#endif
