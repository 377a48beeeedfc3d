/* test_drive.c - the driver of run and resume against a table of answers, without a network (tests) */
#include "../base/oom.h"
#include "base/random.h"
#include "bind/bind.h"
#include "cli/drive.h"
#include "cli/park.h"
#include "net/client.h"
#include "parse/html.h"
#include "parse/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char adapter[] =
    "return { api = 1, id = 'example', name = 'Example Power', services = {'electric'},"
    " portal = 'https://www.example.test/', hosts = {'www.example.test'}, evidence = 'modelled',"
    " mfa = { policy = 'relay', patterns = {"
    "  { kind = 'otp', medium = 'sms', html = 'form#mfa input[name=code]', prompt = 'label' } } },"
    " errors = { { code = 'mfa.code_wrong', html = '.badcode' } },"
    " sign_in = function(s) local page = s:post('/login', { form = s.credentials })"
    "  while page.mfa do page = s:ask(page.mfa, function(answer, p)"
    "    local f = p:form('#mfa') f.code = answer return s:submit(f) end) end"
    "  s.keep.device = 'd-1' s:progress('signed in') end,"
    " meters = function(s) return { { account = '1', service = 'electric' } } end }";
#define CODE "<form id=mfa method=post action=/mfa><label for=code>Enter it</label><input name=code></form>"

static char folder[] = "/tmp/drive-XXXXXX";
static mk_version *version;
static mk_credentials *credentials;
static char seen[2000], told[2000];
static int error_was;

static void add(char *to, size_t cap, const char *text)
{
    const size_t len = strlen(to);
    snprintf(to + len, cap - len, "%s ", text);
}

static void transport(void *arg, const mk_request *request, mk_response *response)
{
    (void)arg;
    const char *path = strrchr(request->url, '/');
    const bool right = request->body && strstr(request->body, "code=424242");
    add(seen, sizeof seen, path);
    response->status = 200;
    response->version = 11;
    if (mk_headers_add(&response->headers, "Content-Type", "text/html", 9, false) != MK_OK ||
        mk_buf_adds(&response->body, strcmp(path, "/login") == 0 ? CODE
                                     : right                     ? "<p id=home>in</p>"
                                                                 : "<p class=badcode>No.</p>" CODE) != MK_OK)
        response->fault = "net.reset";
}

static const char *at(const char *name)
{
    static char paths[4][64];
    static int i;
    char *path = paths[i++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* --- watchers -------------------------------------------------------------------- */

static void on_hop(void *arg, mk_session *session, const mk_hop *hop)
{
    (void)arg;
    (void)session;
    add(told, sizeof told, hop->replayed ? "replayed" : "hop");
}

static void on_challenge(void *arg, mk_session *session, const json_t *challenge, bool again)
{
    (void)arg;
    (void)session;
    (void)challenge;
    add(told, sizeof told, again ? "again" : "challenge");
}

static void on_answer(void *arg, mk_session *session, const char *id, const json_t *answer)
{
    (void)arg;
    (void)session;
    assert_true(id[0] != 0);
    add(told, sizeof told, json_string_value(answer));
}

static void on_progress(void *arg, mk_session *session, const char *text)
{
    (void)arg;
    (void)session;
    add(told, sizeof told, text);
}

static void on_end(void *arg, mk_session *session, const mk_session_end *end)
{
    (void)arg;
    (void)session;
    add(told, sizeof told, end->fault ? end->fault->kind->code : "end");
}

static int on_close(void *arg, mk_session *session, const json_t *result)
{
    (void)arg;
    assert_non_null(session);
    add(told, sizeof told, json_object_get(result, "challenge") ? "close:parked" : "close");
    return MK_OK;
}

/* --- runs --------------------------------------------------------------------------- */

static mk_drive_result drive(const mk_shared *shared, const char *answers, const char *park, mk_watch *watches, mk_bytes parked)
{
    mk_drive_result result;
    json_t *list = answers ? json_loads(answers, 0, NULL) : NULL;
    const mk_drive_input input = { .shared = shared, .version = version, .credentials = parked.data ? NULL : credentials,
                                   .parked = parked, .answers = list, .human = true, .park = park, .watches = watches,
                                   .transport = transport, .progress = true };
    seen[0] = told[0] = 0;
    const int status = mk_drive_run(&result, &input);
    assert_int_equal(status, result.status);
    json_decref(list);
    return result;
}

static const mk_bytes none = { NULL, 0 };

static const char *code_of(const mk_drive_result *result)
{
    return json_string_value(json_object_get(json_object_get(result->object, "error"), "code"));
}

static void test_answers(void **state)
{
    (void)state;
    mk_shared shared = { .mfa = NULL };
    mk_watch *watches = NULL;
    const mk_watch all = { .hop = on_hop, .challenge = on_challenge, .answer = on_answer, .progress = on_progress,
                           .end = on_end, .close = on_close };
    assert_int_equal(mk_watch_add(&watches, &all), MK_OK);
    mk_drive_result result = drive(&shared, "[\"1\",{\"choice\":\"x\"},\"424242\"]", NULL, watches, none);
    assert_int_equal(result.status, 0);
    assert_int_equal(json_array_size(json_object_get(result.object, "meters")), 1);
    assert_string_equal(seen, "/login /mfa /mfa ");
    assert_string_equal(json_string_value(json_object_get(result.keep, "device")), "d-1");
    assert_int_equal(result.requests, 3);
    /* What a person would see happen, in order; the answer is told once the session took it. */
    assert_non_null(strstr(told, "hop challenge "));
    assert_non_null(strstr(told, "again "));
    assert_non_null(strstr(told, "424242 "));
    assert_non_null(strstr(told, "signed in "));
    assert_null(strstr(told, "(null)"));
    assert_string_equal(told + strlen(told) - 6, "close ");
    mk_drive_result_free(&result);
    mk_watch_free(&watches);
    assert_null(watches);
}

static void test_run_out(void **state)
{
    (void)state;
    mk_shared shared = { .mfa = NULL };
    mk_watch *watches = NULL;
    const mk_watch one = { .end = on_end };
    assert_int_equal(mk_watch_add(&watches, &one), MK_OK);
    mk_drive_result result = drive(&shared, "[\"1\"]", NULL, watches, none);
    assert_int_equal(result.status, 11);
    assert_string_equal(code_of(&result), "mfa.answer_timeout");
    assert_string_equal(told, "mfa.answer_timeout ");
    mk_drive_result_free(&result);
    mk_watch_free(&watches);
}

static void test_park_and_go_on(void **state)
{
    (void)state;
    const char *path = at("parked"), *keep = at("keep");
    mk_shared shared = { .key = at("key") };
    mk_watch *watches = NULL;
    const mk_watch one = { .hop = on_hop, .close = on_close };
    mk_key *key = NULL;
    char *key_path = NULL, why[300];
    mk_buf sealed, bytes;
    assert_int_equal(mk_watch_add(&watches, &one), MK_OK);
    mk_drive_result result = drive(&shared, NULL, path, watches, none);
    assert_int_equal(result.status, 20);
    assert_non_null(json_object_get(result.object, "challenge"));
    assert_non_null(strstr(told, "close:parked"));
    mk_drive_result_free(&result);
    assert_int_equal(mk_park_key(&key, &key_path, shared.key, false, why, sizeof why), MK_OK);
    mk_buf_init(&sealed, MK_PARK_MAX);
    assert_int_equal(mk_park_open(&sealed, &bytes, path, key, why, sizeof why), MK_OK);
    shared.keep = keep;
    result = drive(&shared, "[\"424242\"]", NULL, watches, (mk_bytes){ bytes.data, bytes.len });
    assert_int_equal(result.status, 0);
    assert_string_equal(seen, "/mfa ");            /* the sign-in is not repeated */
    assert_non_null(strstr(told, "replayed hop")); /* but told */
    json_t *kept = NULL;
    assert_int_equal(mk_keep_read(&kept, keep, key, "example", why, sizeof why), MK_OK);
    assert_string_equal(json_string_value(json_object_get(kept, "device")), "d-1");
    json_decref(kept);
    mk_drive_result_free(&result);
    mk_watch_free(&watches);
    mk_buf_free(&bytes);
    mk_buf_free(&sealed);
    mk_key_free(key);
    mk_free(key_path);
    unlink(path);
    unlink(keep);
    unlink(at("key"));
}

static void test_cannot_park(void **state)
{
    (void)state;
    mk_shared shared = { .key = at("key") };
    mk_drive_result result = drive(&shared, NULL, at("nowhere/parked"), NULL, none);
    assert_int_equal(result.status, 16);
    assert_string_equal(code_of(&result), "engine.internal");
    mk_drive_result_free(&result);
    unlink(at("key"));
}

/* Each allocation of a whole run fails in turn (a sample of them, or all with MK_TORTURE=full): it ends with a status that says
 * so or goes well, and nothing is left behind. */
static void test_out_of_memory(void **state)
{
    (void)state;
    mk_shared shared = { .mfa = NULL };
    const char *full = getenv("MK_TORTURE");
    const unsigned long step = full && strcmp(full, "full") == 0 ? 1 : 37;
    unsigned long n = 1;
    if (step > 1)
        mk_random_fill(&n, sizeof n);
    n = n % step + 1;
    mk_drive_result result = drive(&shared, "[\"424242\"]", NULL, NULL, none); /* what is made once stays */
    mk_drive_result_free(&result);
    const long live = mk_mem_live();
    const unsigned long before = mk_mem_count();
    result = drive(&shared, "[\"424242\"]", NULL, NULL, none);
    mk_drive_result_free(&result);
    const unsigned long count = mk_mem_count() - before;
    assert_true(count > 100);
    assert_int_equal(mk_mem_live(), live);
    for (; n <= count; n += step) {
        mk_mem_fail_at(n, false);
        result = drive(&shared, "[\"424242\"]", NULL, NULL, none);
        mk_mem_fail_at(0, false);
        const int status = result.status;
        const size_t meters = json_array_size(json_object_get(result.object, "meters"));
        mk_drive_result_free(&result);
        if (status == 0 && meters != 1)
            fail_msg("allocation %lu: it went well, with %zu meters", n, meters);
        if (mk_mem_live() != live)
            fail_msg("allocation %lu: %ld are left, status %d", n, mk_mem_live() - live, status);
    }
}

/* --- set up --------------------------------------------------------------------------- */

static int quiet(void **state)
{
    (void)state;
    fflush(stderr);
    error_was = dup(STDERR_FILENO);
    const int nothing = open("/dev/null", O_WRONLY);
    const bool bad = error_was < 0 || nothing < 0 || dup2(nothing, STDERR_FILENO) < 0;
    close(nothing);
    return bad;
}

static int loud(void **state)
{
    (void)state;
    fflush(stderr);
    const bool bad = dup2(error_was, STDERR_FILENO) < 0;
    close(error_was);
    return bad;
}

static int setup(void **state)
{
    (void)state;
    const mk_module_source source = { .text = mk_module_text };
    json_t *problems = NULL;
    char why[300];
    if (mk_net_init() || mk_vault_init() || !mkdtemp(folder))
        return 1;
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    if (mk_version_build(&version, "example.lua", adapter, sizeof adapter - 1, &source, &problems)) {
        fprintf(stderr, "%s\n", json_string_value(json_object_get(json_array_get(problems, 0), "message")));
        return 1;
    }
    json_t *object = json_pack("{s:s, s:s}", "username", "pat", "password", "hunter2xyz");
    int err = mk_credentials_read(&credentials, object, mk_version_manifest(version), why, sizeof why);
    json_decref(object);
    return err;
}

static int teardown(void **state)
{
    (void)state;
    mk_credentials_free(credentials);
    mk_version_unref(version);
    mk_net_exit();
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, quiet, loud),
        cmocka_unit_test_setup_teardown(test_run_out, quiet, loud),
        cmocka_unit_test_setup_teardown(test_park_and_go_on, quiet, loud),
        cmocka_unit_test_setup_teardown(test_cannot_park, quiet, loud),
        cmocka_unit_test_setup_teardown(test_out_of_memory, quiet, loud),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
