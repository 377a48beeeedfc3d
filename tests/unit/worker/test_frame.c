/* test_frame.c - frames between service and worker (tests of worker) */
#include "../base/oom.h"

#include "worker/frame.h"

#include <stdio.h>

static const mk_bytes blob = { "a\0b\xff", 4 };

static void make(mk_buf *out)
{
    json_t *head = json_pack("{s:s, s:i}", "do", "start", "n", 7);
    mk_buf_init(out, 1 << 20);
    assert_int_equal(mk_frame_write(out, head, blob), MK_OK);
    assert_int_equal(mk_frame_write(out, head, (mk_bytes){ NULL, 0 }), MK_OK);
    json_decref(head);
}

static void take(mk_frames *frames, size_t blob_len)
{
    json_t *head = NULL;
    mk_bytes got;
    assert_int_equal(mk_frames_next(frames, &head, &got), MK_OK);
    assert_string_equal(json_string_value(json_object_get(head, "do")), "start");
    assert_int_equal(json_integer_value(json_object_get(head, "n")), 7);
    assert_int_equal(got.len, blob_len);
    assert_memory_equal(got.data, blob.data, blob_len);
    json_decref(head);
}

static void nothing_left(mk_frames *frames)
{
    json_t *head = NULL;
    mk_bytes got;
    assert_int_equal(mk_frames_next(frames, &head, &got), MK_ENOENT);
    assert_null(head);
}

static void is_laid_out_as_written_down(void **state)
{
    mk_buf out;
    json_t *head = json_pack("{s:s}", "is", "x");
    (void)state;
    mk_buf_init(&out, 1000);
    assert_int_equal(mk_frame_write(&out, head, (mk_bytes){ "yz", 2 }), MK_OK);
    assert_int_equal(out.len, 20);
    assert_memory_equal(out.data, "\x10\0\0\0\x0a\0\0\0{\"is\":\"x\"}yz", 20);
    json_decref(head);
    mk_buf_free(&out);
}

static void comes_back_however_it_is_split(void **state)
{
    mk_buf out;
    (void)state;
    make(&out);
    for (size_t at = 0; at <= out.len; at++) {
        mk_frames frames;
        mk_frames_init(&frames);
        assert_int_equal(mk_frames_feed(&frames, out.data, at), MK_OK);
        json_t *head = NULL;
        mk_bytes got;
        size_t before = 0;
        while (mk_frames_next(&frames, &head, &got) == MK_OK) {
            json_decref(head);
            before++;
        }
        assert_int_equal(mk_frames_feed(&frames, out.data + at, out.len - at), MK_OK);
        if (before == 0)
            take(&frames, blob.len);
        if (before <= 1)
            take(&frames, 0);
        nothing_left(&frames);
        mk_frames_free(&frames);
    }
    mk_buf_free(&out);
}

static void comes_back_byte_by_byte(void **state)
{
    mk_buf out;
    mk_frames frames;
    size_t taken = 0;
    (void)state;
    make(&out);
    mk_frames_init(&frames);
    for (size_t i = 0; i < out.len; i++) {
        json_t *head = NULL;
        mk_bytes got;
        assert_int_equal(mk_frames_feed(&frames, out.data + i, 1), MK_OK);
        if (mk_frames_next(&frames, &head, &got) == MK_OK)
            taken++;
        json_decref(head);
    }
    assert_int_equal(taken, 2);
    mk_frames_free(&frames);
    mk_buf_free(&out);
}

static void what_was_given_is_wiped(void **state)
{
    static const char secret[] = "fern-Lantern-41";
    mk_buf out;
    mk_frames frames;
    json_t *head = json_pack("{s:s}", "password", secret), *got = NULL;
    mk_bytes none;
    (void)state;
    mk_buf_init(&out, 1000);
    assert_int_equal(mk_frame_write(&out, head, (mk_bytes){ secret, sizeof secret }), MK_OK);
    mk_frames_init(&frames);
    assert_int_equal(mk_frames_feed(&frames, out.data, out.len), MK_OK);
    assert_int_equal(mk_frames_next(&frames, &got, &none), MK_OK);
    assert_non_null(memmem(frames.in.data, frames.in.cap, secret, sizeof secret - 1));
    assert_int_equal(mk_frames_feed(&frames, "\x08", 1), MK_OK);
    assert_null(memmem(frames.in.data, out.len, secret, sizeof secret - 1));
    json_decref(got);
    json_decref(head);
    mk_frames_free(&frames);
    mk_buf_free(&out);
}

static void broken_frames_stay_broken(void **state)
{
    static const struct {
        const char *data;
        size_t len;
        int err;
    } bad[] = {
        { "\x01\0\0\x08", 4, MK_ELIMIT }, /* 128 MiB and one byte */
        { "\xff\xff\xff\xff", 4, MK_ELIMIT },
        { "\x03\0\0\0", 4, MK_EPARSE },           /* no room for the second length */
        { "\x04\0\0\0\x01\0\0\0", 8, MK_EPARSE }, /* the JSON would lie beyond it */
        { "\x06\0\0\0\xff\xff\xff\xff{}", 10, MK_EPARSE },
        { "\x04\0\0\0\0\0\0\0", 8, MK_EPARSE }, /* no JSON */
        { "\x06\0\0\0\x02\0\0\0[]", 10, MK_EPARSE },
        { "\x06\0\0\0\x02\0\0\0{x", 10, MK_EPARSE },
        { "\x07\0\0\0\x03\0\0\0 {}", 11, MK_EPARSE },
        { "\x07\0\0\0\x03\0\0\0{}x", 11, MK_EPARSE },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mk_frames frames;
        json_t *head = NULL;
        mk_bytes got;
        mk_frames_init(&frames);
        assert_int_equal(mk_frames_feed(&frames, bad[i].data, bad[i].len), MK_OK);
        assert_int_equal(mk_frames_next(&frames, &head, &got), bad[i].err);
        assert_int_equal(mk_frames_next(&frames, &head, &got), bad[i].err);
        assert_int_equal(mk_frames_feed(&frames, "x", 1), bad[i].err);
        assert_null(head);
        mk_frames_free(&frames);
    }
}

/* The whole of it may be MK_FRAME_MAX and not a byte more; whoever feeds more than a frame without taking it is
 * refused. */
static void is_at_most_so_long(void **state)
{
    mk_buf out;
    mk_frames frames;
    json_t *head = json_object();
    static char room[1 << 20];
    (void)state;
    mk_buf_init(&out, (size_t)MK_FRAME_MAX + 100);
    char *big = mk_calloc(1, MK_FRAME_MAX);
    assert_non_null(big);
    assert_int_equal(mk_frame_write(&out, head, (mk_bytes){ big, MK_FRAME_MAX - 5 }), MK_ELIMIT);
    assert_int_equal(out.len, 0);
    assert_int_equal(mk_frame_write(&out, head, (mk_bytes){ big, MK_FRAME_MAX - 6 }), MK_OK);
    mk_free(big);
    mk_frames_init(&frames);
    int err = mk_frames_feed(&frames, out.data, out.len);
    for (size_t i = 0; !err && i < 16; i++)
        err = mk_frames_feed(&frames, room, sizeof room);
    assert_int_equal(err, MK_ELIMIT);
    mk_bytes got;
    json_t *taken = NULL;
    assert_int_equal(mk_frames_next(&frames, &taken, &got), MK_OK);
    assert_int_equal(got.len, MK_FRAME_MAX - 6);
    json_decref(taken);
    json_decref(head);
    mk_frames_free(&frames);
    mk_buf_free(&out);
}

static void only_objects_are_written(void **state)
{
    mk_buf out;
    json_t *list = json_array(), *head = json_object();
    (void)state;
    mk_buf_init(&out, 5);
    assert_int_equal(mk_frame_write(&out, list, blob), MK_EINVAL);
    assert_int_equal(mk_frame_write(&out, NULL, blob), MK_EINVAL);
    assert_int_equal(mk_frame_write(&out, head, blob), MK_ELIMIT);
    assert_int_equal(out.len, 0);
    json_decref(list);
    json_decref(head);
    mk_buf_free(&out);
}

static int there_and_back(const json_t *head)
{
    mk_buf out;
    mk_frames frames;
    json_t *got = NULL;
    mk_bytes bytes;
    mk_buf_init(&out, 1 << 20);
    mk_frames_init(&frames);
    int err = mk_frame_write(&out, head, blob);
    if (!err)
        err = mk_frames_feed(&frames, out.data, out.len);
    if (!err)
        err = mk_frames_next(&frames, &got, &bytes);
    if (err == MK_ENOMEM && frames.in.len) { /* with memory again it is still there */
        mk_mem_fail_at(0, false);
        assert_int_equal(mk_frames_next(&frames, &got, &bytes), MK_OK);
    }
    json_decref(got);
    mk_frames_free(&frames);
    mk_buf_free(&out);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    json_t *head = json_pack("{s:s, s:[i, s]}", "do", "a somewhat longer text than others", "list", 5, "x");
    each_allocation_fails(there_and_back(head));
    json_decref(head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_laid_out_as_written_down), cmocka_unit_test(comes_back_however_it_is_split),
        cmocka_unit_test(comes_back_byte_by_byte),     cmocka_unit_test(what_was_given_is_wiped),
        cmocka_unit_test(broken_frames_stay_broken),   cmocka_unit_test(is_at_most_so_long),
        cmocka_unit_test(only_objects_are_written),    cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
