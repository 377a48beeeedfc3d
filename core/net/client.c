/* client.c - one request at a time for a session (layer net) */
#include "base/clock.h"
#include "base/err.h"
#include "net/letter.h"
#include "net/net_own.h"
#include "net/pin.h"
#include <stdio.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000 };

mk_client *mk_client_new(mk_net *net, const mk_policy *policy)
{
    mk_client *client = mk_calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->net = net;
    client->policy = policy;
    mk_response_init(&client->response, 0);
    return client;
}

/* Forgets the request; the response stays. */
static void settle(mk_client *client)
{
    mk_resolve_cancel(client->resolve);
    client->resolve = NULL;
    mk_easy_free(client);
    mk_url_free(&client->url);
    client->request = NULL;
    client->letter = NULL;
    client->state = MK_CLIENT_IDLE;
}

/* The client may be gone when this returns. */
static void finish(mk_client *client)
{
    mk_client_done done = client->done;
    void *arg = client->arg;
    settle(client);
    mk_response response = client->response;
    mk_response_init(&client->response, 0);
    done(arg, &response);
}

/* Ends at the next turn of the loop: the caller is still inside send. */
static void end_soon(mk_client *client, const char *fault, const char *detail)
{
    mk_outcome_fault(client, fault, detail);
    client->response.t_all = mk_clock_mono_us() - client->started_us;
    client->state = MK_CLIENT_OVER;
    mk_poll_after(client, 0);
}

static long time_left_ms(const mk_client *client)
{
    long all = client->request->timeout_ms > 0 ? client->request->timeout_ms : DEFAULT_TIMEOUT_MS;
    long gone = (long)((mk_clock_mono_us() - client->started_us) / 1000);
    return gone < all ? all - gone : 1;
}

static void transfer(mk_client *client)
{
    client->resolved_us = mk_clock_mono_us();
    client->state = MK_CLIENT_SENDING;
    int err = mk_easy_new(client, time_left_ms(client));
    if (!err && curl_multi_add_handle(client->multi, client->easy) != CURLM_OK) {
        mk_easy_free(client);
        err = MK_ENOMEM;
    }
    if (err)
        end_soon(client, "policy.budget", "out of memory");
}

/* A multi that failed as a whole gives no message, and is of no more use. */
static void give_up(mk_client *client)
{
    mk_outcome_fault(client, "policy.budget", "out of memory");
    mk_easy_free(client);
    mk_poll_close(client);
    mk_pin_clear(client);
    finish(client);
}

void mk_client_drain(mk_client *client, CURLMcode turn)
{
    int left = 0;
    if (turn != CURLM_OK && turn != CURLM_BAD_SOCKET && client->state == MK_CLIENT_SENDING) {
        give_up(client);
        return;
    }
    CURLMsg *message = client->multi ? curl_multi_info_read(client->multi, &left) : NULL;
    if (!message || message->msg != CURLMSG_DONE || message->easy_handle != client->easy)
        return; /* one request at a time: there is never a second message */
    CURLcode code = message->data.result;
    mk_outcome_set(client, code);
    if (code == CURLE_COULDNT_CONNECT)
        mk_pin_drop(client); /* the name may have moved */
    finish(client);
}

void mk_client_timer(mk_client *client)
{
    int running = 0;
    if (client->state == MK_CLIENT_OVER) {
        finish(client);
    } else if (client->state == MK_CLIENT_RESOLVING) {
        mk_outcome_fault(client, "net.timeout", "the name was not resolved in time");
        finish(client);
    } else if (client->multi) {
        mk_client_drain(client, curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running));
    }
}

static void on_resolved(void *arg, const mk_addresses *found)
{
    mk_client *client = arg;
    char detail[200];
    client->resolve = NULL;
    if (found->count) {
        if (mk_pin_add(client, found) == MK_OK)
            transfer(client);
        else
            end_soon(client, "policy.budget", "out of memory");
        return;
    }
    if (found->refused) {
        snprintf(detail, sizeof detail, "%.120s has only addresses that are not public", client->target);
        end_soon(client, "policy.host_denied", detail);
        return;
    }
    snprintf(detail, sizeof detail, "%.100s: %.80s", client->target, found->error[0] ? found->error : "no address");
    end_soon(client, client->net->proxy ? "net.proxy" : "net.dns", detail);
}

/* Where the connection goes to, resolved and checked by us. */
static void choose_target(mk_client *client)
{
    const mk_net *net = client->net;
    const bool detour = client->grant.connect_host[0] != '\0';
    const char *host = net->proxy ? net->proxy_host : detour ? client->grant.connect_host : client->url.host;
    client->target_port = net->proxy ? net->proxy_port : detour ? client->grant.connect_port : client->url.port;
    snprintf(client->target, sizeof client->target, "%s", host);
}

/* MK_OK if it is under way or ends by itself. */
static int locate(mk_client *client)
{
    struct sockaddr_storage address;
    const bool any = client->grant.any_address || client->net->proxy;
    choose_target(client);
    if (mk_resolve_literal(client->target, &address)) {
        if (any || mk_policy_public_address((struct sockaddr *)&address))
            transfer(client);
        else
            end_soon(client, "policy.host_denied", "the address is not public");
        return MK_OK;
    }
    if (mk_pin_find(client)) {
        transfer(client);
        return MK_OK;
    }
    int err = mk_resolve_start(&client->resolve, client->net->loop, client->target, any, on_resolved, client);
    if (err)
        return err;
    client->state = MK_CLIENT_RESOLVING;
    long most = client->net->connect_timeout_ms, left = time_left_ms(client);
    mk_poll_after(client, (uint64_t)(left < most ? left : most));
    return MK_OK;
}

/* curl must read the same host and port as the policy did. */
static bool same_reading(const mk_url *url, const char *text)
{
    char *host = NULL, *port = NULL, number[16];
    CURLU *other = curl_url();
    bool same = other && curl_url_set(other, CURLUPART_URL, text, 0) == CURLUE_OK &&
                curl_url_get(other, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                curl_url_get(other, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    snprintf(number, sizeof number, "%d", url->port);
    same = same && strcasecmp(host, url->host) == 0 && strcmp(port, number) == 0;
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(other);
    return same;
}

/* MK_OK if the policy lets it go, MK_EPOLICY if it ends by itself. */
static int admit(mk_client *client)
{
    char why[200] = "";
    int err = client->letter ? mk_letter_admit(client)
                             : mk_url_parse(&client->url, client->request->url, strlen(client->request->url));
    if (err == MK_ENOMEM)
        return err;
    if (err)
        snprintf(why, sizeof why, "not a URL");
    else if (!client->letter && mk_policy_check(client->policy, &client->url, &client->grant, why, sizeof why) == MK_OK &&
             !same_reading(&client->url, client->request->url))
        snprintf(why, sizeof why, "the URL can be read in two ways");
    if (!why[0])
        return MK_OK;
    end_soon(client, "policy.host_denied", why);
    return MK_EPOLICY;
}

static int begin(mk_client *client)
{
    int err = mk_poll_open(client);
    if (!err)
        err = admit(client);
    if (err)
        return err == MK_EPOLICY ? MK_OK : err;
    if (strcmp(client->url.scheme, "https") == 0 || client->letter || client->net->proxy) {
        err = mk_net_certificates(client->net);
        if (err == MK_ENOENT || err == MK_EPARSE) {
            end_soon(client, "net.tls", "the trusted certificates cannot be read");
            return MK_OK;
        }
    }
    return err ? err : locate(client);
}

static int send_either(mk_client *client, const mk_request *request, mk_letter *letter, size_t max_body, mk_client_done done, void *arg)
{
    if (client->state != MK_CLIENT_IDLE)
        return MK_EINVAL;
    mk_response_free(&client->response);
    mk_response_init(&client->response, max_body);
    client->request = request;
    client->letter = letter;
    client->done = done;
    client->arg = arg;
    client->grant = (mk_grant){0};
    client->started_us = client->resolved_us = mk_clock_mono_us();
    client->header_bytes = 0;
    client->headers_over = client->prereq = false;
    client->own = NULL;
    client->error[0] = '\0';
    int err = begin(client);
    if (err)
        settle(client);
    return err;
}

int mk_client_send(mk_client *client, const mk_request *request, size_t max_body, mk_client_done done, void *arg)
{
    return send_either(client, request, NULL, max_body, done, arg);
}

int mk_client_mail(mk_client *client, const mk_request *request, mk_letter *letter, mk_client_done done, void *arg)
{
    return send_either(client, request, letter, 0, done, arg);
}

void mk_client_cancel(mk_client *client)
{
    if (client->state == MK_CLIENT_IDLE)
        return;
    settle(client);
    mk_response_free(&client->response);
    if (client->tick)
        uv_timer_stop(&client->tick->handle);
}

void mk_client_close(mk_client *client)
{
    mk_client_cancel(client);
    mk_poll_close(client);
    mk_pin_clear(client);
}

void mk_client_free(mk_client *client)
{
    if (!client)
        return;
    mk_client_close(client);
    mk_poll_release(client);
    mk_response_free(&client->response);
    mk_free(client);
}
