/* httpserver.h - the server under test on a loop of the test's own (tests) */
#ifndef TEST_HTTPSERVER_H
#define TEST_HTTPSERVER_H
#include "service/httpd.h"
#include <uv.h>

/* Starts both; the port. The handler gets arg. */
int test_httpd_start(uv_loop_t *loop, mk_httpd **httpd, const mk_httpd_limits *limits, mk_httpd_handler handler, void *arg);
/* Ends both; nothing may be left on the loop. */
void test_httpd_finish(uv_loop_t *loop, mk_httpd *httpd);
#endif
