/* poll.c - a curl multi handle on a libuv loop (layer net)
 *
 * One uv_poll a socket, stopped before the socket closes, never used again for
 * the next socket of the same number; one timer. */
#include "base/err.h"
#include "net/net_own.h"
#include <unistd.h>

enum { MAX_CONNECTIONS = 4 };

struct mk_sock {
    uv_poll_t handle;
    mk_client *client; /* NULL: closing */
    curl_socket_t fd;
    mk_sock *next;
};

static void free_sock(uv_handle_t *handle)
{
    mk_free(handle);
}

static void drop_sock(mk_client *client, mk_sock *sock)
{
    for (mk_sock **at = &client->socks; *at; at = &(*at)->next) {
        if (*at != sock)
            continue;
        *at = sock->next;
        sock->client = NULL;
        uv_close((uv_handle_t *)&sock->handle, free_sock); /* stops it at once */
        return;
    }
}

static mk_sock *find_sock(const mk_client *client, curl_socket_t fd)
{
    mk_sock *sock = client->socks;
    while (sock && sock->fd != fd)
        sock = sock->next;
    return sock;
}

int mk_poll_close_socket(void *arg, curl_socket_t fd)
{
    mk_client *client = arg;
    mk_sock *sock = find_sock(client, fd);
    if (sock)
        drop_sock(client, sock);
    return close(fd);
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
    mk_sock *sock = (mk_sock *)handle;
    mk_client *client = sock->client;
    int running = 0, what = 0;
    if (!client || !client->multi)
        return;
    if (status < 0) /* the socket has an error pending: curl reads which, and sends a GET again where it may */
        what = CURL_CSELECT_IN | CURL_CSELECT_OUT;
    if (events & UV_READABLE)
        what |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        what |= CURL_CSELECT_OUT;
    mk_client_drain(client, curl_multi_socket_action(client->multi, sock->fd, what, &running));
}

static mk_sock *add_sock(mk_client *client, curl_socket_t fd)
{
    mk_sock *sock = mk_calloc(1, sizeof *sock);
    if (!sock)
        return NULL;
    if (uv_poll_init(client->net->loop, &sock->handle, fd)) {
        mk_free(sock);
        return NULL;
    }
    sock->client = client;
    sock->fd = fd;
    sock->next = client->socks;
    client->socks = sock;
    return sock;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    (void)easy, (void)unused;
    mk_client *client = arg;
    mk_sock *sock = find_sock(client, fd);
    if (what == CURL_POLL_REMOVE) {
        if (sock)
            drop_sock(client, sock);
        return 0;
    }
    if (!sock && !(sock = add_sock(client, fd)))
        return -1;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&sock->handle, events, on_ready) ? -1 : 0;
}

static void on_tick(uv_timer_t *handle)
{
    mk_client *client = ((mk_tick *)handle)->client;
    if (client)
        mk_client_timer(client);
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
    (void)multi;
    mk_client *client = arg;
    if (client->state == MK_CLIENT_RESOLVING || client->state == MK_CLIENT_OVER)
        return 0; /* the timer serves us; no transfer runs */
    if (ms < 0)
        uv_timer_stop(&client->tick->handle);
    else
        uv_timer_start(&client->tick->handle, on_tick, (uint64_t)ms, 0);
    return 0;
}

void mk_poll_after(mk_client *client, uint64_t ms)
{
    uv_timer_start(&client->tick->handle, on_tick, ms, 0);
}

static int open_timer(mk_client *client)
{
    if (client->tick)
        return MK_OK;
    client->tick = mk_calloc(1, sizeof *client->tick);
    if (!client->tick)
        return MK_ENOMEM;
    uv_timer_init(client->net->loop, &client->tick->handle);
    client->tick->client = client;
    return MK_OK;
}

int mk_poll_open(mk_client *client)
{
    int err = open_timer(client);
    if (err || client->multi)
        return err;
    client->multi = curl_multi_init();
    if (!client->multi)
        return MK_ENOMEM;
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)MAX_CONNECTIONS);
    return MK_OK;
}

void mk_poll_close(mk_client *client)
{
    if (client->multi)
        curl_multi_cleanup(client->multi); /* calls on_socket and mk_poll_close_socket */
    client->multi = NULL;
    while (client->socks)
        drop_sock(client, client->socks);
    if (client->tick)
        uv_timer_stop(&client->tick->handle);
}

void mk_poll_release(mk_client *client)
{
    if (!client->tick)
        return;
    client->tick->client = NULL;
    uv_close((uv_handle_t *)&client->tick->handle, free_sock);
    client->tick = NULL;
}
