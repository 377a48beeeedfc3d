/* httpd_stream.c - answers that go on: server-sent events (layer service)
 *
 * A stream with nothing to say is suspended and costs no turn of the loop. Whether its client is still there shows
 * only when something is sent: whoever streams says something now and then. */
#include "base/err.h"
#include "service/httpd_int.h"
#include <string.h>

enum { UNTAKEN_MOST = 256 << 10 };

struct mk_httpd_stream {
    mk_httpd_req *req;
    mk_buf queue;
    size_t sent; /* of queue */
    bool suspended, ended;
    void (*gone)(void *arg);
    void *arg;
    mk_httpd_stream *next;
};

static void wake(mk_httpd_stream *stream)
{
    if (!stream->suspended)
        return;
    stream->suspended = false;
    mk_httpd_resume(stream->req->httpd, stream->req->connection);
}

static ssize_t on_read(void *arg, uint64_t position, char *out, size_t max)
{
    mk_httpd_stream *stream = arg;
    (void)position;
    size_t len = stream->queue.len - stream->sent;
    if (!len && stream->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (!len) {
        stream->suspended = true;
        MHD_suspend_connection(stream->req->connection);
        return 0;
    }
    len = len < max ? len : max;
    memcpy(out, stream->queue.data + stream->sent, len);
    stream->sent += len;
    if (stream->sent == stream->queue.len) {
        mk_buf_clear(&stream->queue);
        stream->sent = 0;
    }
    return (ssize_t)len;
}

int mk_httpd_stream_begin(mk_httpd_stream **out, mk_httpd_req *req, const char *type, void (*gone)(void *arg), void *arg)
{
    if (req->state == MK_REQ_ANSWERED)
        return MK_ECLOSED;
    mk_httpd_stream *stream = mk_calloc(1, sizeof *stream);
    if (!stream)
        return MK_ENOMEM;
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, on_read, stream, NULL);
    if (!response || mk_httpd_set_headers(response, &req->answer_headers, type)) {
        if (response)
            MHD_destroy_response(response);
        mk_free(stream);
        return MK_ENOMEM;
    }
    mk_buf_init(&stream->queue, UNTAKEN_MOST);
    stream->req = req;
    stream->gone = gone;
    stream->arg = arg;
    stream->next = req->httpd->streams;
    req->httpd->streams = stream;
    req->stream = stream;
    mk_httpd_answered(req, response, 200);
    *out = stream;
    return MK_OK;
}

int mk_httpd_stream_send(mk_httpd_stream *stream, const void *data, size_t len)
{
    if (stream->sent) {
        int err = mk_buf_splice(&stream->queue, 0, stream->sent, "", 0);
        if (err)
            return err;
        stream->sent = 0;
    }
    int err = mk_buf_add(&stream->queue, data, len);
    if (!err)
        wake(stream);
    return err;
}

void mk_httpd_stream_end(mk_httpd_stream *stream)
{
    stream->ended = true;
    wake(stream);
}

void mk_httpd_stream_gone(mk_httpd_stream *stream)
{
    for (mk_httpd_stream **at = &stream->req->httpd->streams; *at; at = &(*at)->next) {
        if (*at == stream) {
            *at = stream->next;
            break;
        }
    }
    stream->req->stream = NULL;
    if (stream->gone)
        stream->gone(stream->arg);
    mk_buf_free(&stream->queue);
    mk_free(stream);
}

void mk_httpd_stream_stop(mk_httpd *httpd)
{
    for (mk_httpd_stream *stream = httpd->streams; stream; stream = stream->next)
        mk_httpd_stream_end(stream);
}
