/* sandbox_account.c - what a customer of DEMO sees once signed in: accounts and meters (layer cli) */
#include "base/err.h"
#include "cli/sandbox_int.h"
#include <string.h>

/* All of it is invented; the postcode is one that no place has. */
static const struct account {
    const char *number, *id, *name;
} accounts[] = {
    { "4100-2207-31", "a1", "Robin Example" },
    { "4100-8813-02", "a2", "Example Bakery LLC" },
    { "4100-8813-10", "a3", "Example Bakery LLC" },
};

static const struct meter {
    const char *account, *service, *number, *point, *tariff, *status, *street, *unit;
} meters[] = {
    { "a1", "E", "00731402", "DP-100023", "R-1 Residential", "Active", "12 Lantern Street", "Apt 3" },
    { "a2", "E", "00880115", "DP-200417", "C-2 Small Commercial", "Active", "400 Mill Lane", "" },
    { "a2", "G", "G5500921", "DP-200418", "G-2 Commercial Heating", "Active", "400 Mill Lane", "" },
    { "a3", "E", "00880320", "DP-200655", "C-1 General", "Active", "7 Wharf Road", "Unit B" },
    { "a3", "E", "00651108", "DP-200601", "C-1 General", "Closed", "7 Wharf Road", "Unit A" },
};

/* The residential customer has the first account, the commercial one the rest. */
static bool owns(const sb_visit *visit, const struct account *account)
{
    bool first = account == &accounts[0];
    return visit->scenario->meters == 0 ? false : first == (visit->scenario->meters == 1);
}

enum { ACCOUNTS = sizeof accounts / sizeof *accounts, METERS = sizeof meters / sizeof *meters };

void mk_sb_home(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    sb_page page;
    bool any = false;
    mk_sb_page_begin(&page, "Your accounts", "", 0);
    mk_sb_put(&page, "<div id=\"account-home\">\n<p>Signed in as <strong>%s</strong>.</p>\n<ul>\n", visit->user);
    for (size_t i = 0; i < ACCOUNTS; i++) {
        if (!owns(visit, &accounts[i]))
            continue;
        any = true;
        mk_sb_put(&page, "<li><a href=\"/accounts/%s\">%s</a> %s</li>\n", accounts[i].id, accounts[i].number,
                  accounts[i].name);
    }
    mk_sb_put(&page, "</ul>\n%r</div>\n", any ? "" : "<p id=\"no-service\">There is no service in your name.</p>\n");
    mk_sb_form(&page, visit, "signout", "/logout");
    mk_sb_put(&page, "<button class=\"second\">Sign out</button>\n</form>\n");
    mk_sb_page_send(sandbox, req, visit, &page, 200);
}

void mk_sb_accounts(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    sb_page json = { .err = MK_OK };
    const char *comma = "";
    mk_buf_init(&json.buf, 1 << 16);
    mk_sb_put(&json, "{\"accounts\":[");
    for (size_t i = 0; i < ACCOUNTS; i++) {
        if (!owns(visit, &accounts[i]))
            continue;
        mk_sb_put(&json, "%r{\"id\":\"%r\",\"number\":\"%r\",\"holder\":\"%r\",\"href\":\"/accounts/%r\"}", comma,
                  accounts[i].id, accounts[i].number, accounts[i].name, accounts[i].id);
        comma = ",";
    }
    mk_sb_put(&json, "]}");
    mk_sb_json_send(sandbox, req, visit, &json, 200);
}

static void meter_row(sb_page *page, const struct meter *meter)
{
    bool gas = meter->service[0] == 'G';
    mk_sb_put(page, "<tr class=\"meter\" data-point=\"%s\">\n<td class=\"service\" data-label=\"Service\">%s</td>\n", meter->point,
              gas ? "Gas" : "Electricity");
    mk_sb_put(page, "<td class=\"number\" data-label=\"Meter\">%s</td>\n<td class=\"tariff\" data-label=\"Rate\">%s</td>\n",
              meter->number, meter->tariff);
    mk_sb_put(page, "<td data-label=\"Address\"><span class=\"street\">%s</span>", meter->street);
    if (meter->unit[0])
        mk_sb_put(page, ", <span class=\"unit\">%s</span>", meter->unit);
    mk_sb_put(page, ", <span class=\"city\">Elmsworth</span>, <span class=\"state\">NY</span> <span class=\"zip\">12999</span></td>\n"
                    "<td class=\"status\" data-label=\"Status\">%s</td>\n</tr>\n", meter->status);
}

void mk_sb_account(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    const char *id = mk_httpd_path(req) + strlen("/accounts/");
    const struct account *account = NULL;
    for (size_t i = 0; i < ACCOUNTS; i++)
        if (strcmp(accounts[i].id, id) == 0 && owns(visit, &accounts[i]))
            account = &accounts[i];
    if (!account) {
        mk_sb_say(sandbox, req, visit, 404, "There is no such account", "not-found", "It is not one of yours.");
        return;
    }
    sb_page page;
    mk_sb_page_begin(&page, "Account details", "wide", 0);
    mk_sb_put(&page, "<p>Account <span id=\"account-number\">%s</span>, <span id=\"holder\">%s</span></p>\n",
              account->number, account->name);
    mk_sb_put(&page, "<div class=\"scroll\"><table id=\"meters\" class=\"cards\">\n<thead><tr><th>Service</th><th>Meter</th>"
                     "<th>Rate</th><th>Address</th><th>Status</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < METERS; i++)
        if (strcmp(meters[i].account, id) == 0)
            meter_row(&page, &meters[i]);
    mk_sb_put(&page, "</tbody>\n</table></div>\n<p><a href=\"/home\">All accounts</a></p>\n");
    mk_sb_page_send(sandbox, req, visit, &page, 200);
}
