-- What is kept of a portal's page behind an error: structure stays, what is somebody's goes.
package.path = "tests/lua/?.lua;" .. package.path
local t = require "harness"
local privacy = require "service.privacy"

for given, kept in pairs {
  ["Welcome, Pat Doe Sign out"] = "Welcome, (name) Sign out",
  ["Hello Pat! Your bill"] = "Hello (name)! Your bill",
  ["Welcome to My Account"] = "Welcome to My Account",
  ["Welcome To The Portal"] = "Welcome To The Portal",
  ["Account holder: Mary-Ann O'Neil\nStatus Open"] = "Account holder: (name)\nStatus Open",
  ["Account 4711-0815-22 due 03/04/2026 $123.45"] = "Account ####-####-## due ##/##/#### $###.##",
  ["Write to pat.doe+x@mail.test now"] = "Write to (e-mail) now",
  ["Service at 12 Elm Street, Troy, NY 12180"] = "Service at ## (street), Troy, NY #####",
  ["1200 Old Mill Rd. Apt 4"] = "#### (street) Apt #",
  ["Enter the 6 digits we sent"] = "Enter the # digits we sent",
  ["Sign In User ID Password Forgot password?"] = "Sign In User ID Password Forgot password?",
} do t.same(privacy.text(given), kept, given) end

t.same(privacy.message("Account 1234567890 is locked; wait 15 minutes (error D-17)"),
  "Account ########## is locked; wait 15 minutes (error D-17)", "a message keeps short numbers")
t.same(privacy.text("Welcome back, Ada Quill We could not load your bill"), "Welcome back, (name) We could not load your bill",
  "a sentence that follows a name")
t.same(privacy.message("'#home' was expected on http://127.0.0.1:8080/u/88112233?holder=Ada&x=1#Ada and is not there; account 88112233"),
  "'#home' was expected on http://127.0.0.1:8080/u/########?holder=...&x=...#Ada and is not there; account ########",
  "a page's address in a message")
t.same(privacy.message("Call 555-010-0199"), "Call ###-###-####", "a telephone's number")

local given = { code = "adapter.unexpected_page", message = "none of #home on account 99887766", script = "sce.lua:41",
  evidence = { url = "https://www.example.test/account/12345678/home?id=7&tok=ab#x=1", status = 200, text = "Hi Pat 5",
    site_message = "Sorry, Account 12345678", tried = { { code = "a" } } } }
local kept = privacy.error(given)
t.same(kept, { code = "adapter.unexpected_page", message = "none of #home on account ########", script = "sce.lua:41",
  evidence = { url = "https://www.example.test/account/########/home?id=...&tok=...#x=...", status = 200, text = "Hi (name) #",
    site_message = "Sorry, Account ########", tried = { { code = "a" } } } }, "an error")
t.same(given.evidence.text, "Hi Pat 5", "the one that was given stays")
t.same(privacy.error({ code = "net.dns" }), { code = "net.dns" }, "an error without evidence")
t.finish()
