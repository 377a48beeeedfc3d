/* pin.c - names of a client that are tied to the addresses that were checked (layer net)
 *
 * For as long as its connections live: a name cannot move between check and use. */
#include "net/pin.h"
#include "base/err.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

bool mk_pin_find(mk_client *client)
{
    for (mk_pin **at = &client->pins; *at; at = &(*at)->next) {
        mk_pin *pin = *at;
        if (pin->port != client->target_port || strcmp(pin->host, client->target) != 0)
            continue;
        *at = pin->next;
        pin->next = client->pins;
        client->pins = pin;
        return true;
    }
    return false;
}

static int add_address(mk_buf *line, const struct sockaddr_storage *address, char before)
{
    char text[INET6_ADDRSTRLEN];
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    if (address->ss_family == AF_INET) {
        memcpy(&in, address, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
        return mk_buf_addf(line, "%c%s", before, text);
    }
    memcpy(&in6, address, sizeof in6);
    inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
    return mk_buf_addf(line, "%c[%s]", before, text);
}

static void free_pin(mk_pin *pin)
{
    curl_slist_free_all(pin->line);
    mk_free(pin->host);
    mk_free(pin);
}

int mk_pin_add(mk_client *client, const mk_addresses *found)
{
    mk_buf line;
    mk_buf_init(&line, 2048);
    mk_pin *pin = mk_calloc(1, sizeof *pin);
    if (!pin)
        return MK_ENOMEM;
    pin->port = client->target_port;
    pin->host = mk_strdup(client->target);
    int err = pin->host ? mk_buf_addf(&line, "%s:%d", client->target, client->target_port) : MK_ENOMEM;
    for (int i = 0; i < found->count && !err; i++)
        err = add_address(&line, &found->list[i], i ? ',' : ':');
    if (!err) {
        pin->line = curl_slist_append(NULL, line.data);
        err = pin->line ? MK_OK : MK_ENOMEM;
    }
    mk_buf_free(&line);
    if (err) {
        free_pin(pin);
        return MK_ENOMEM;
    }
    pin->next = client->pins;
    client->pins = pin;
    return MK_OK;
}

void mk_pin_drop(mk_client *client)
{
    if (!mk_pin_find(client))
        return;
    mk_pin *pin = client->pins;
    client->pins = pin->next;
    free_pin(pin);
}

void mk_pin_clear(mk_client *client)
{
    while (client->pins) {
        mk_pin *pin = client->pins;
        client->pins = pin->next;
        free_pin(pin);
    }
}
