/* httpserver.c - the server under test on a loop of the test's own (tests) */
#include "support/httpserver.h"
#include "base/err.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

int test_httpd_start(uv_loop_t *loop, mk_httpd **httpd, const mk_httpd_limits *limits, mk_httpd_handler handler, void *arg)
{
    assert_int_equal(uv_loop_init(loop), 0);
    assert_int_equal(mk_httpd_start(httpd, loop, "127.0.0.1:0", limits, handler, arg), MK_OK);
    return mk_httpd_port(*httpd);
}

void test_httpd_finish(uv_loop_t *loop, mk_httpd *httpd)
{
    mk_httpd_stop(httpd);
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
}
