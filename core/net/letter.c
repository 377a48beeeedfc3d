/* letter.c - a mail as a client sends it in place of a request (layer net) */
#include "net/letter.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int part(CURLU *url, CURLUPart which, unsigned flags, char **out)
{
    char *text = NULL;
    const CURLUcode code = curl_url_get(url, which, &text, flags);
    if (code != CURLUE_OK)
        return code == CURLUE_OUT_OF_MEMORY ? MK_ENOMEM : MK_EPARSE;
    *out = mk_strdup(text);
    curl_free(text);
    return *out ? MK_OK : MK_ENOMEM;
}

/* Scheme, host and port; anything more (a user, a path) is a mistake of the operator's. */
int mk_letter_server(mk_url *out, const char *text)
{
    mk_url url = { 0 };
    char *port = NULL, *more = NULL;
    CURLU *u = curl_url();
    if (!u)
        return MK_ENOMEM;
    int err = curl_url_set(u, CURLUPART_URL, text, CURLU_DISALLOW_USER) == CURLUE_OK ? MK_OK : MK_EPARSE;
    if (!err)
        err = part(u, CURLUPART_SCHEME, 0, &url.scheme);
    if (!err && strcmp(url.scheme, "smtp") != 0 && strcmp(url.scheme, "smtps") != 0)
        err = MK_EPARSE;
    if (!err)
        err = part(u, CURLUPART_HOST, 0, &url.host);
    if (!err && part(u, CURLUPART_PORT, 0, &port) == MK_OK)
        url.port = (int)strtol(port, NULL, 10);
    else if (!err)
        url.port = strcmp(url.scheme, "smtps") == 0 ? 465 : 587;
    if (!err && part(u, CURLUPART_PATH, 0, &more) == MK_OK && strcmp(more, "/") != 0)
        err = MK_EPARSE;
    mk_free(more);
    mk_free(port);
    curl_url_cleanup(u);
    if (err)
        mk_url_free(&url);
    else
        *out = url;
    return err;
}

int mk_letter_admit(mk_client *client)
{
    int err = mk_letter_server(&client->url, client->request->url);
    client->grant = (mk_grant){ .any_address = true, .declared = true, .secrets = true }; /* the operator's own server */
    return err;
}

static size_t on_body(char *out, size_t size, size_t count, void *arg)
{
    mk_client *client = arg;
    const mk_request *request = client->request;
    size_t len = request->body_len - client->letter->read, room = size * count;
    len = len < room ? len : room;
    memcpy(out, request->body + client->letter->read, len);
    client->letter->read += len;
    return len;
}

static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0;
}

#define SET(option, value) (failed |= curl_easy_setopt(client->easy, option, value) != CURLE_OK)

bool mk_letter_set(mk_client *client)
{
    char address[400], url[400];
    bool failed = false;
    mk_letter *letter = client->letter;
    snprintf(url, sizeof url, "%s://%.255s:%d", client->url.scheme, client->url.host, client->url.port);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(CURLOPT_USE_SSL, (long)(is_loopback(client->url.host) ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    snprintf(address, sizeof address, "<%.320s>", letter->from);
    SET(CURLOPT_MAIL_FROM, address);
    snprintf(address, sizeof address, "<%.320s>", letter->to);
    curl_slist_free_all(letter->recipients);
    letter->recipients = curl_slist_append(NULL, address);
    failed |= !letter->recipients;
    SET(CURLOPT_MAIL_RCPT, letter->recipients);
    if (letter->user) {
        SET(CURLOPT_USERNAME, letter->user);
        SET(CURLOPT_PASSWORD, letter->password ? letter->password : "");
    }
    letter->read = 0;
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_READFUNCTION, on_body);
    SET(CURLOPT_READDATA, client);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)client->request->body_len);
    return failed;
}

void mk_letter_free(mk_letter *letter)
{
    mk_free(letter->user);
    mk_free(letter->password); /* wiped there */
    mk_free(letter->from);
    mk_free(letter->to);
    curl_slist_free_all(letter->recipients);
    *letter = (mk_letter){ 0 };
}
