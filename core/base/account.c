/* account.c - what a session may use of memory (layer base) */
#include "base/err.h"
#include "base/mem.h"

int mk_account_charge(mk_account *account, size_t bytes)
{
    if (!account)
        return MK_OK;
    size_t used = 0;
    if (mk_add_overflows(account->used, bytes, &used) || used > account->limit) {
        account->refused++;
        return MK_ELIMIT;
    }
    account->used = used;
    if (used > account->peak)
        account->peak = used;
    return MK_OK;
}

void mk_account_release(mk_account *account, size_t bytes)
{
    if (account)
        account->used -= bytes < account->used ? bytes : account->used;
}
