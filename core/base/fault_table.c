/* fault_table.c - every code a session can end with (layer base)
 *
 * Catchable is what the portal and the network do. What the engine decides
 * (limits, policies, the end of the session, somebody who does not answer) is not: a
 * script that caught it could go on. */
#include "base/fault.h"

#include <stddef.h>
#include <string.h>

#define COUNTS true, true
#define CATCH false, true
#define FINAL false, false

static const mk_fault_kind kinds[] = {
    { "auth.credentials", "user", "after_user", COUNTS,
      "The utility does not accept this user name and password; enter them again as on its website." },
    { "auth.locked", "user", "never", CATCH,
      "The utility has locked this account; it must be unlocked on the utility's website first." },
    { "auth.lock_risk", "user", "after_user", FINAL,
      "One more wrong try would lock the account; check the password on the utility's website, then enter it again." },
    { "auth.disabled", "user", "never", CATCH,
      "The utility has closed or disabled this account; the customer must contact the utility." },
    { "auth.password_expired", "user", "after_user", CATCH,
      "The utility asks for a new password; change it on the utility's website, then enter it here." },
    { "auth.credentials_reset", "user", "after_user", CATCH,
      "The utility has reset this account's password; set a new one on its website, then enter it here." },
    { "auth.not_a_customer", "user", "after_user", CATCH,
      "This login works but belongs to nobody with service at this utility; use the login of the service's account." },
    { "auth.wrong_portal", "user", "after_user", CATCH,
      "This login belongs to another of the utility's websites; choose that utility or use another login." },
    { "auth.concurrent_session", "site", "after", CATCH,
      "Somebody is signed in to this account already; sign out there and try again later." },
    { "auth.session_lost", "engine", "now", CATCH,
      "The utility's page timed out or signed the customer out; start again." },

    { "mfa.code_wrong", "user", "after_user", CATCH,
      "The utility did not accept the code; enter the newest code exactly as it was received." },
    { "mfa.code_reused", "user", "after", CATCH,
      "This code was used already; wait for the next one." },
    { "mfa.code_expired", "user", "after_user", CATCH,
      "The code is too old for the utility; ask for a new one." },
    { "mfa.tries_exhausted", "user", "after", FINAL,
      "Too many wrong codes; wait a while, then start again." },
    { "mfa.denied", "user", "after_user", CATCH,
      "The sign-in was declined on the customer's device; start again and approve it." },
    { "mfa.approval_expired", "user", "after_user", CATCH,
      "The sign-in was not approved in time; start again and approve it." },
    { "mfa.answer_timeout", "user", "after_user", FINAL,
      "Nobody answered the utility's question in time; start again when the code can be read." },
    { "mfa.needs_human", "user", "after_user", FINAL,
      "The utility asks for a second factor and nobody is there to answer; no code was asked for. Start again with the customer present." },
    { "mfa.send_failed", "site", "after", CATCH,
      "The utility could not send its code; try again later." },
    { "mfa.send_limited", "site", "after", CATCH,
      "The utility sends no more codes for now; try again later." },
    { "mfa.method_unavailable", "site", "after", CATCH,
      "This way of receiving a code is not available; choose another or try again later." },
    { "mfa.must_enroll", "user", "after_user", CATCH,
      "The utility wants a second factor to be set up; do that on its website, then start again." },
    { "mfa.must_be_off", "user", "after_user", FINAL,
      "Two-step verification must be turned off on the utility's website before this can work; then start again." },
    { "mfa.unsupported", "adapter", "never", CATCH,
      "The utility asks for a kind of second factor that cannot be relayed, such as a passkey." },
    { "mfa.trust_lost", "site", "after_user", CATCH,
      "The utility no longer trusts this connection; the customer must answer a code again." },

    { "user_action.terms", "user", "after_user", CATCH,
      "The utility wants its terms to be accepted; sign in on its website, accept them, then start again." },
    { "user_action.profile", "user", "after_user", CATCH,
      "The utility wants the profile to be completed; do that on its website, then start again." },
    { "user_action.payment", "user", "after_user", CATCH,
      "The utility wants a payment matter to be settled first; see its website, then start again." },
    { "user_action.contact", "user", "after_user", CATCH,
      "The utility wants contact details to be confirmed; do that on its website, then start again." },
    { "user_action.on_site", "user", "after_user", CATCH,
      "The utility wants something done on its website first; sign in there, do it, then start again." },

    { "site.down", "site", "after", CATCH, "The utility's website is down; try again later." },
    { "site.maintenance", "site", "after", CATCH, "The utility's website is under maintenance; try again later." },
    { "site.error_page", "site", "after", CATCH, "The utility's website answered with an error; try again later." },
    { "site.rate_limited", "site", "after", CATCH,
      "The utility's website takes no more requests for now; wait, and lower the rate for this utility." },
    { "site.blocked", "site", "after", CATCH,
      "The utility's website refuses automated visitors here (captcha, firewall or region); see which wall in the evidence." },
    { "site.permission", "user", "never", CATCH,
      "This login may not see what is needed; use the login of the account's owner." },
    { "site.partial", "site", "after", CATCH, "The utility's website gave only a part; try again later for the rest." },

    { "adapter.unexpected_page", "adapter", "never", CATCH,
      "The portal showed a page that the adapter does not know; see the evidence, then mend the adapter." },
    { "adapter.selector_missed", "adapter", "never", CATCH,
      "The adapter's selector found nothing on the page; compare it with the page in the evidence." },
    { "adapter.form_missing", "adapter", "never", CATCH,
      "The form that the adapter wants is not on the page; compare its selector with the page in the evidence." },
    { "adapter.parse", "adapter", "never", CATCH,
      "What the portal sent could not be read as the adapter expects; see the evidence, then mend the adapter." },
    { "adapter.no_accounts", "adapter", "never", FINAL,
      "No meters came out; where the portal itself says that there are none, the adapter returns {}, \"none\"." },
    { "adapter.bug", "adapter", "never", FINAL, "The script failed at the line given; mend it there." },
    { "adapter.load", "adapter", "never", FINAL,
      "The adapter could not be loaded; run meterkey check on it and mend what that names." },
    { "adapter.signature", "adapter", "never", FINAL,
      "The adapter's signature does not hold; deploy it again from where it was signed." },
    { "adapter.incompatible", "adapter", "never", FINAL,
      "The adapter is made for another version of the interface; use a program that knows it, or mend the adapter." },
    { "adapter.retired", "adapter", "never", FINAL, "This utility is no longer served by this adapter; choose another." },

    { "policy.host_denied", "adapter", "never", FINAL,
      "The script went to a host or address that it may not reach; declare the host in hosts, or for a test open it with --allow-origin." },
    { "policy.redirect_denied", "adapter", "never", FINAL,
      "The portal redirected to where the adapter may not go; declare that host in hosts if it belongs to the portal." },
    { "policy.downgrade", "adapter", "never", FINAL,
      "The portal or the script left HTTPS for plain HTTP; use the HTTPS address." },
    { "policy.budget", "adapter", "never", FINAL,
      "The script passed a limit (the message says which); make it do less, or raise the limit if the portal needs it." },
    { "policy.secret_denied", "adapter", "never", FINAL,
      "The script put a secret where none may go (a URL, or a host without secrets); send it in a body to the host that needs it." },

    { "net.dns", "network", "after", CATCH, "The portal's name could not be resolved; check the name and the resolver." },
    { "net.connect", "network", "after", CATCH, "No connection to the portal; check the network, then try again later." },
    { "net.tls", "network", "after", CATCH,
      "The portal's certificate or TLS was not accepted; check it, and the list of authorities (--cacert for a test)." },
    { "net.timeout", "network", "after", CATCH, "The portal did not answer in time; try again later." },
    { "net.reset", "network", "after", CATCH, "The portal broke off the connection; try again later." },
    { "net.proxy", "network", "after", CATCH, "The proxy did not serve the connection; check the proxy." },

    { "engine.interrupted", "engine", "after_user", FINAL,
      "The session was broken off while something was on its way; the message says what may have been used. Start again." },
    { "engine.spent", "engine", "never", FINAL, "This parked session was resumed already; start a new one." },
    { "engine.reloaded_incompatibly", "engine", "now", FINAL,
      "The program was renewed in a way that this session cannot follow; start again." },
    { "engine.replay_diverged", "engine", "now", FINAL,
      "The session could not be rebuilt exactly from its record; start again, and report the script if it happens twice." },
    { "engine.park_full", "engine", "after_user", FINAL,
      "There is no room for another waiting session; try again later." },
    { "engine.cancelled", "engine", "after_user", FINAL, "The session was cancelled; start again if that was not meant." },
    { "engine.shutdown", "engine", "now", FINAL, "The program is being stopped; start again when it is back." },
    { "engine.internal", "engine", "after_user", FINAL,
      "Something failed inside the program; try again, and report it with the message if it stays." },
};

const mk_fault_kind *mk_fault_at(size_t i)
{
    return i < sizeof kinds / sizeof *kinds ? &kinds[i] : NULL;
}

const mk_fault_kind *mk_fault_find(const char *code)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].code, code))
            return &kinds[i];
    return NULL;
}
