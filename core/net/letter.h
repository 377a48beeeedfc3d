/* letter.h - a mail as a client sends it in place of a request (layer net, private to it) */
#ifndef MK_LETTER_H
#define MK_LETTER_H
#include "net/net_own.h"

/* Beside the client's request, whose URL is the server and whose body is the message. */
typedef struct mk_letter {
    char *user, *password, *from, *to;
    size_t read; /* of the body */
    struct curl_slist *recipients;
} mk_letter;

/* As mk_client_send. letter must live until done. */
int mk_client_mail(mk_client *client, const mk_request *request, mk_letter *letter, mk_client_done done, void *arg);
/* MK_OK with the client's url and grant; MK_EPARSE, MK_ENOMEM. */
int mk_letter_admit(mk_client *client);
int mk_letter_server(mk_url *out, const char *text);
/* The options of the client's transfer; true if one could not be set. */
bool mk_letter_set(mk_client *client);
void mk_letter_free(mk_letter *letter); /* what it holds */
#endif
