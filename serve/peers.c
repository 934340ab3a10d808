#include "peers.h"

#include <stdlib.h>
#include <sys/socket.h>

peer *peers_open(hub *h, int socket) {
    peer *l = calloc(1, sizeof *l);
    if (!l) return NULL;
    *l = (peer){.socket = socket, .since = seconds_now(), .state = PEER_RECEIVING};
    hub_lock(h);
    l->next = h->peers;
    if (l->next) l->next->before = l;
    h->peers = l;
    h->connections++;
    hub_unlock(h);
    return l;
}

void peers_close(hub *h, peer *l) {
    if (!l) return;
    hub_lock(h);
    *(l->before ? &l->before->next : &h->peers) = l->next;
    if (l->next) l->next->before = l->before;
    h->connections--;
    hub_unlock(h);
    free(l);
}

void peers_set(hub *h, peer *l, peer_state state) {
    if (!l) return;
    hub_lock(h);
    l->state = (int)state;
    l->since = seconds_now();
    hub_unlock(h);
}

void peers_touch(hub *h, peer *l) {
    if (!l) return;
    hub_lock(h);
    l->since = seconds_now();
    hub_unlock(h);
}

/* Where places are scarce, who sends or takes slowly has less of it; streams are few enough by themselves. */
static double patience_for(const hub *h, const peer *l) {
    static const double seconds[][4] = {{PATIENCE, 0, ANSWER_PATIENCE, ANSWER_PATIENCE},
                                        {PATIENCE / 20.0, 0, ANSWER_PATIENCE / 20.0, ANSWER_PATIENCE}};
    return seconds[h->connections > MANY_CONNECTIONS][l->state]; /* 0: it is ours to move */
}

void peers_look_after(hub *h) {
    double now = seconds_now();
    hub_lock(h);
    for (peer *l = h->peers; l; l = l->next)
        if (patience_for(h, l) > 0 && now - l->since > patience_for(h, l)) shutdown(l->socket, SHUT_RDWR);
    hub_unlock(h);
}
