/* post.c - what the service sends of its own: one POST, one mail (layer net) */
#include "net/post.h"

#include "base/err.h"
#include "net/letter.h"

#include <stdio.h>
#include <string.h>

enum { WEBHOOK_MS = 10000, MAIL_MS = 30000, ANSWER_MAX = 64 << 10 };

struct mk_post {
    mk_policy *policy;
    mk_client *client;
    mk_request request;
    mk_letter letter;
    mk_post_done done;
    void *arg;
};

void mk_post_cancel(mk_post *post)
{
    if (!post)
        return;
    mk_client_free(post->client);
    mk_policy_free(post->policy);
    mk_request_free(&post->request);
    mk_letter_free(&post->letter);
    mk_free(post);
}

static void on_done(void *arg, mk_response *response)
{
    mk_post *post = arg;
    mk_post_done done = post->done;
    void *done_arg = post->arg;
    mk_post_cancel(post);
    done(done_arg, response);
    mk_response_free(response);
}

static mk_post *new_post(mk_net *net, const char *method, const char *url, const char *body, size_t len, long timeout_ms)
{
    mk_post *post = mk_calloc(1, sizeof *post);
    if (!post)
        return NULL;
    post->policy = mk_policy_new();
    post->client = post->policy ? mk_client_new(net, post->policy) : NULL;
    post->request = (mk_request){ .method = mk_strdup(method), .url = mk_strdup(url), .body = mk_memdup(body, len), .body_len = len, .secret = true,
                                  .timeout_ms = timeout_ms };
    if (post->client && post->request.method && post->request.url && post->request.body)
        return post;
    mk_post_cancel(post);
    return NULL;
}

/* The URL's own host alone, and what the operator opened. What cannot be read the client refuses by itself. */
static int declare(mk_policy *policy, const mk_webhook *webhook)
{
    char entry[400];
    mk_url url = { 0 };
    int err = mk_url_parse(&url, webhook->url, strlen(webhook->url));
    if (err == MK_OK && url.host && (strcmp(url.scheme, "https") == 0 || strcmp(url.scheme, "http") == 0)) {
        snprintf(entry, sizeof entry, "%s://%.255s:%d", url.scheme, url.host, url.port);
        err = mk_policy_declare(policy, entry, true, NULL, 0);
    }
    for (size_t i = 0; err != MK_ENOMEM && webhook->opened && webhook->opened[i]; i++)
        err = mk_policy_allow(policy, webhook->opened[i]);
    mk_url_free(&url);
    return err == MK_ENOMEM ? err : MK_OK;
}

int mk_post_webhook(mk_post **out, mk_net *net, const mk_webhook *webhook, mk_post_done done, void *arg)
{
    mk_post *post = new_post(net, "POST", webhook->url, webhook->body, webhook->len, WEBHOOK_MS);
    if (!post)
        return MK_ENOMEM;
    post->done = done;
    post->arg = arg;
    int err = declare(post->policy, webhook);
    if (!err)
        err = mk_headers_copy(&post->request.headers, webhook->headers);
    if (!err)
        err = mk_client_send(post->client, &post->request, ANSWER_MAX, on_done, post);
    if (err)
        mk_post_cancel(post);
    else
        *out = post;
    return err;
}

static int copy(char **out, const char *text)
{
    *out = text ? mk_strdup(text) : NULL;
    return text && !*out ? MK_ENOMEM : MK_OK;
}

int mk_post_mail(mk_post **out, mk_net *net, const mk_mail *mail, mk_post_done done, void *arg)
{
    mk_post *post = new_post(net, "MAIL", mail->server, mail->text, mail->len, MAIL_MS);
    if (!post)
        return MK_ENOMEM;
    post->done = done;
    post->arg = arg;
    mk_letter *letter = &post->letter;
    int err = copy(&letter->user, mail->user) || copy(&letter->password, mail->password) || copy(&letter->from, mail->from) ||
                      copy(&letter->to, mail->to)
                  ? MK_ENOMEM
                  : MK_OK;
    if (!err)
        err = mk_client_mail(post->client, &post->request, letter, on_done, post);
    if (err)
        mk_post_cancel(post);
    else
        *out = post;
    return err;
}

bool mk_post_is_server(const char *text)
{
    mk_url url = { 0 };
    const bool fine = mk_letter_server(&url, text) == MK_OK;
    mk_url_free(&url);
    return fine;
}
