/* outcome.c - what a transfer came to, in our words (layer net) */
#include "base/clock.h"
#include "net/net_own.h"
#include <stdio.h>
#include <string.h>

static const char *fault_of(const mk_client *client, CURLcode code)
{
    switch ((int)code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
        return "net.proxy";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "net.dns";
    case CURLE_COULDNT_CONNECT:
        return client->net->proxy ? "net.proxy" : "net.connect";
    case CURLE_OPERATION_TIMEDOUT:
        return "net.timeout";
    case CURLE_OUT_OF_MEMORY: /* also a header line over curl's own cap */
        return "policy.budget";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
        return "net.tls";
    default:
        return "net.reset"; /* closed, reset, or an answer that is none */
    }
}

static bool proxy_refused(const mk_client *client)
{
    long status = 0;
    if (!client->net->proxy)
        return false;
    curl_easy_getinfo(client->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status >= 300;
}

void mk_outcome_fault(mk_client *client, const char *fault, const char *detail)
{
    mk_response *r = &client->response;
    mk_headers_free(&r->headers);
    mk_buf_free(&r->body);
    r->fault = fault;
    r->status = 0;
    r->sent = client->prereq;
    if (detail)
        snprintf(r->detail, sizeof r->detail, "%s", detail);
    for (char *c = r->detail; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
}

/* Microseconds from the start of the hop, or -1. curl counts from its own start. */
static int64_t since_start(const mk_client *client, CURLINFO info)
{
    curl_off_t us = 0;
    if (curl_easy_getinfo(client->easy, info, &us) != CURLE_OK || us <= 0)
        return -1;
    return client->resolved_us - client->started_us + us;
}

static void set_facts(mk_client *client)
{
    mk_response *r = &client->response;
    long number = 0, connects = 0;
    char *address = NULL;
    curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &number);
    r->status = (int)number;
    number = 0;
    curl_easy_getinfo(client->easy, CURLINFO_HTTP_VERSION, &number);
    r->version = number == CURL_HTTP_VERSION_1_0 ? 10 : number == CURL_HTTP_VERSION_2_0 ? 20 : number ? 11 : 0;
    if (curl_easy_getinfo(client->easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address)
        snprintf(r->address, sizeof r->address, "%s", address);
    curl_easy_getinfo(client->easy, CURLINFO_NUM_CONNECTS, &connects);
    r->reused = connects == 0 && client->prereq;
    r->sent = client->prereq;
    r->t_dns = client->resolved_us - client->started_us;
    r->t_connect = since_start(client, CURLINFO_CONNECT_TIME_T);
    r->t_tls = since_start(client, CURLINFO_APPCONNECT_TIME_T);
    r->t_first = since_start(client, CURLINFO_STARTTRANSFER_TIME_T);
    r->t_all = mk_clock_mono_us() - client->started_us;
}

void mk_outcome_set(mk_client *client, CURLcode code)
{
    set_facts(client);
    if (client->own) { /* its detail is there already */
        mk_outcome_fault(client, client->own, NULL);
        return;
    }
    if (code == CURLE_OK && (client->headers_over || client->letter))
        return;
    const int reply = client->letter ? client->response.status : 0;
    const char *fault = proxy_refused(client) ? "net.proxy" : fault_of(client, code);
    const char *text = code == CURLE_OK               ? "the connection closed inside the answer's header"
                       : code == CURLE_OUT_OF_MEMORY  ? "out of memory, or one header line is too long"
                       : code == CURLE_GOT_NOTHING    ? "the connection was closed without an answer"
                       : client->error[0]             ? client->error
                                                      : curl_easy_strerror(code);
    mk_outcome_fault(client, fault, text);
    client->response.status = reply; /* of a mail: whether it is worth another try */
}
