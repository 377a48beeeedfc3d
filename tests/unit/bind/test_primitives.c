/* test_primitives.c - the Lua modules meterkey.*, each by its file in lua/ (tests) */
#include "fakehost.h"

#include "net/client.h"

static EVP_PKEY *rsa;
static char rsa_pem[2048], rsa_certless[2048];

static char *read_all(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be read", path);
    char *text = mk_malloc(64 << 10);
    const size_t len = fread(text, 1, (64 << 10) - 1, file);
    text[len] = '\0';
    fclose(file);
    return text;
}

/* rsa_decrypt(bytes, padding), with the private key. */
static int t_decrypt(lua_State *L)
{
    size_t len, out_len = 256;
    unsigned char out[256];
    const char *data = luaL_checklstring(L, 1, &len), *padding = luaL_checkstring(L, 2);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(rsa, NULL);
    const bool oaep = strncmp(padding, "oaep", 4) == 0;
    bool ok = EVP_PKEY_decrypt_init(ctx) > 0 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING) > 0;
    if (ok && oaep) {
        const EVP_MD *md = strcmp(padding, "oaep") == 0 ? EVP_sha1() : EVP_sha256();
        ok = EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) > 0 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) > 0;
    }
    ok = ok && EVP_PKEY_decrypt(ctx, out, &out_len, (const unsigned char *)data, len) > 0;
    EVP_PKEY_CTX_free(ctx);
    if (ok)
        lua_pushlstring(L, (const char *)out, out_len);
    else
        lua_pushnil(L);
    return 1;
}

static void set_number(lua_State *L, const char *name, const char *parameter)
{
    BIGNUM *number = NULL;
    unsigned char bytes[256];
    assert_true(EVP_PKEY_get_bn_param(rsa, parameter, &number) > 0);
    const int len = BN_bn2bin(number, bytes);
    lua_pushlstring(L, (const char *)bytes, (size_t)len);
    lua_setglobal(L, name);
    BN_free(number);
}

static int open_rsa(lua_State *L)
{
    lua_pushcfunction(L, t_decrypt);
    lua_setglobal(L, "rsa_decrypt");
    lua_pushstring(L, rsa_pem);
    lua_setglobal(L, "rsa_pem");
    lua_pushstring(L, rsa_certless);
    lua_setglobal(L, "rsa_pkcs1_pem");
    set_number(L, "rsa_n", "n");
    set_number(L, "rsa_e", "e");
    return 0;
}

/* The cases of one file, after lua/check.lua, in one state. */
static void run_file(const char *path)
{
    char out[4000];
    fake_host fake;
    fake_init(&fake);
    const size_t secrets = mk_secret_live();
    mk_script *script = fake_script(&fake);
    assert_non_null(script);
    assert_int_equal(mk_script_protect(script, open_rsa, NULL), MK_OK);
    char *check = read_all("tests/unit/bind/lua/check.lua"), *text = read_all(path);
    if (fake_run(script, "=check.lua", check, out, sizeof out) != MK_SCRIPT_DONE)
        fail_msg("%s", out);
    char name[100];
    snprintf(name, sizeof name, "@%s", path);
    if (fake_run(script, name, text, out, sizeof out) != MK_SCRIPT_DONE)
        fail_msg("%s: %s", path, out);
    assert_int_equal(fake_run(script, "=count", "return tostring(cases)", out, sizeof out), MK_SCRIPT_DONE);
    assert_true(strtol(out, NULL, 10) > 0); /* a file whose cases do not run proves nothing */
    mk_script_free(script);
    assert_int_equal(mk_secret_live(), secrets);
    fake_done(&fake);
    mk_free(check);
    mk_free(text);
}

static void run_json(void **state) { (void)state; run_file("tests/unit/bind/lua/json.lua"); }
static void run_url(void **state) { (void)state; run_file("tests/unit/bind/lua/url.lua"); }
static void run_crypto(void **state) { (void)state; run_file("tests/unit/bind/lua/crypto.lua"); }
static void run_time(void **state) { (void)state; run_file("tests/unit/bind/lua/time.lua"); }
static void run_regex(void **state) { (void)state; run_file("tests/unit/bind/lua/regex.lua"); }
static void run_html(void **state) { (void)state; run_file("tests/unit/bind/lua/html.lua"); }
static void run_log(void **state) { (void)state; run_file("tests/unit/bind/lua/log.lua"); }
static void run_cookies(void **state) { (void)state; run_file("tests/unit/bind/lua/cookies.lua"); }
static void run_http(void **state) { (void)state; run_file("tests/unit/bind/lua/http.lua"); }

/* The session must end with this, whatever the script does about it. */
static void ends(const char *text, const char *expected)
{
    char out[2000];
    fake_host fake;
    fake_init(&fake);
    mk_script *script = fake_script(&fake);
    assert_non_null(script);
    if (fake_run(script, "=test.lua", text, out, sizeof out) != MK_SCRIPT_ENDED || !strstr(out, expected))
        fail_msg("%s\n gives: %s\n   not: %s", text, out, expected);
    mk_script_free(script);
    fake_done(&fake);
}

static void secrets_stay_out_of_urls(void **state)
{
    (void)state;
    ends("pcall(require('meterkey.url').query, {a = secret('x')})", "policy.secret_denied");
    ends("pcall(require('meterkey.url').query, {{'a', secret('x')}})", "policy.secret_denied");
    ends("pcall(require('meterkey.url').parse, secret('x'))", "policy.secret_denied");
    ends("pcall(require('meterkey.url').resolve, 'https://a.example/', secret('x'))", "policy.secret_denied");
    ends("pcall(require('meterkey.url').build, {host = 'a.example', path = secret('x')})", "policy.secret_denied");
    ends("pcall(require('meterkey.http').get, secret('x'))", "policy.secret_denied");
}

static void a_slow_pattern_ends_the_session(void **state)
{
    (void)state;
    ends("local text = ('x'):rep(200000) pcall(require('meterkey.regex').match, text, '(x+x+)+y|(x+)+(x+)+z')", "policy.budget");
    ends("local n = 0 local text = ('x'):rep(40) "
         "pcall(require('meterkey.regex').gsub, text, [[(?:x+x+)+y|x(?=(x+x+)+y)|(x+x+)+z|(?<=x)(x+)*q]], '')", "policy.budget");
}

static void memory_behind_a_script_is_limited(void **state)
{
    (void)state;
    ends("local held = {} for i = 1, 1e6 do held[i] = require('meterkey.regex').compile(('(?:%dabcdefghijk|d){300}'):format(i)) end",
         "policy.budget test.lua:1: over 64 MiB behind the script");
    ends("local held = {} for i = 1, 1e6 do held[i] = require('meterkey.cookies').new() for k = 1, 50 do "
         "held[i]:set{name = 'n' .. k, value = ('v'):rep(3500), domain = 'a.test'} end end",
         "policy.budget test.lua:1: over 64 MiB behind the script");
    ends("local held, big = {}, ('<p><b>x</b>'):rep(50000) for i = 1, 1e6 do held[i] = require('meterkey.html').parse(big) end",
         "policy.budget test.lua:1: html.parse");
}

static void what_a_host_ends_is_over(void **state)
{
    (void)state;
    ends("fault('policy.host_denied') pcall(require('meterkey.http').get, '/') return 'went on'", "policy.host_denied");
}

/* Every n-th allocation failing, and with `on` all after it (Lua tries again after a collection): an honest end,
 * nothing left behind. */
static void survives_failing_allocations(const char *text, bool on)
{
    char out[2000];
    for (unsigned long n = 1;; n++) {
        fake_host fake;
        fake_init(&fake);
        const long live = mk_mem_live();
        const size_t secrets = mk_secret_live();
        mk_mem_fail_at(n, on);
        mk_script *script = fake_script(&fake);
        enum mk_script_outcome outcome = script ? fake_run(script, "=test.lua", text, out, sizeof out) : MK_SCRIPT_FAILED;
        mk_mem_fail_at(0, false);
        if (script && outcome == MK_SCRIPT_DONE && strcmp(out, "done") != 0)
            fail_msg("allocation %lu: %s gives '%s'", n, text, out);
        mk_script_free(script);
        assert_int_equal(mk_secret_live(), secrets);
        assert_int_equal(mk_mem_live(), live);
        fake_done(&fake);
        if (n > 5000)
            fail_msg("%s never succeeds: %s", text, out);
        if (outcome == MK_SCRIPT_DONE)
            break;
        if (script && !strstr(out, "memory") && !strstr(out, "policy.budget"))
            fail_msg("allocation %lu: %s", n, out);
    }
}

static void memory_runs_out(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "local j = require 'meterkey.json' local v = assert(j.decode('{\"a\":[1,{\"b\":\"c\"}]}', '$.a[*]')) "
        "return #j.encode(v) > 3 and 'done'",
        "local u = require 'meterkey.url' assert(u.parse(u.build{host='a.example', query={a='b c'}})) "
        "return u.resolve('https://a.example/b/', '../c?d') == 'https://a.example/c?d' and 'done'",
        "local c = require 'meterkey.crypto' local p = c.pkce() c.uuid() "
        "return tostring(c.hmac_sha256(secret 'k', p.verifier)) == '***' and 'done'",
        "local c = require 'meterkey.crypto' return c.totp('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 59, 8) == '94287082' and 'done'",
        "local r = require 'meterkey.regex' return (r.gsub('a1b22', '(?<d>[0-9]+)', '<${d}>')) == 'a<1>b<22>' and 'done'",
        "local h = require 'meterkey.html' local d = h.parse('<form action=x><p>Hi</p></form>', {url='https://a.example/'}) "
        "return d:one('p'):text() .. d:one('form'):attr('action') == 'Hihttps://a.example/x' and 'done'",
        "local j = require('meterkey.cookies').new() assert(j:add('https://a.example/', 'a=b')) "
        "return j:header('https://a.example/x') == 'a=b' and #j:all() == 1 and 'done'",
        "local p = require('meterkey.http').post('/x', {json={a=1}}) return p:one('#a'):text() == 'Hello' and 'done'",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        survives_failing_allocations(texts[i], false);
        survives_failing_allocations(texts[i], true);
    }
}

/* What a replay computes: the same host gives the same, another seed does not. */
static void random_is_the_hosts(void **state)
{
    (void)state;
    static const char text[] =
        "local c = require 'meterkey.crypto' "
        "return c.hex(c.random(16)) .. c.uuid() .. c.pkce().verifier .. c.hex(c.rsa_encrypt(rsa_pem, 'x', 'pkcs1')) .. "
        "c.hex(c.rsa_encrypt(rsa_pem, 'x')) .. c.totp('GEZDGNBVGY3TQOJQ')";
    char out[3][4000];
    for (int i = 0; i < 3; i++) {
        fake_host fake;
        fake_init(&fake);
        fake.prng.seed[0] = i == 2 ? 1 : 7;
        mk_script *script = fake_script(&fake);
        assert_non_null(script);
        assert_int_equal(mk_script_protect(script, open_rsa, NULL), MK_OK);
        assert_int_equal(fake_run(script, "=test.lua", text, out[i], sizeof out[i]), MK_SCRIPT_DONE);
        mk_script_free(script);
        fake_done(&fake);
    }
    assert_true(strlen(out[0]) > 300);
    assert_string_equal(out[0], out[1]);
    assert_string_not_equal(out[0], out[2]);
}

static int make_key(void **state)
{
    (void)state;
    rsa = EVP_RSA_gen(1024);
    if (!rsa)
        return -1;
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, rsa);
    BIO_read(bio, rsa_pem, sizeof rsa_pem - 1);
    unsigned char *der = NULL;
    const int len = i2d_PublicKey(rsa, &der);
    PEM_write_bio(bio, "RSA PUBLIC KEY", "", der, len);
    BIO_read(bio, rsa_certless, sizeof rsa_certless - 1);
    OPENSSL_free(der);
    BIO_free(bio);
    return 0;
}

static int free_key(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa);
    return 0;
}

int main(void)
{
    mk_json_init();
    mk_html_init();
    if (mk_net_init() != MK_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_json), cmocka_unit_test(run_url), cmocka_unit_test(run_crypto), cmocka_unit_test(run_time),
        cmocka_unit_test(run_regex), cmocka_unit_test(run_html), cmocka_unit_test(run_log), cmocka_unit_test(run_cookies),
        cmocka_unit_test(run_http), cmocka_unit_test(secrets_stay_out_of_urls),
        cmocka_unit_test(a_slow_pattern_ends_the_session), cmocka_unit_test(memory_behind_a_script_is_limited), cmocka_unit_test(what_a_host_ends_is_over),
        cmocka_unit_test(random_is_the_hosts), cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
