-- A host for the service's pages without the service: files of runtime/, and the modules that hold the store replaced by tables.
local host = { null = setmetatable({}, { __name = "null" }) }
host.config = { url = "", listen = "127.0.0.1:8080", support = "", trust_proxy = false, refresh_days = 7 }
local fake = { now = 1795532174 * 1000000, form = nil, progress = nil, calls = {} }
_G.host = host

function host.file(path)
  local file = io.open("runtime/" .. path)
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

function host.now() return fake.now end
function host.uid() return "123456789012" end
function host.array(list) return list end
function host.random(n) return ("r"):rep(n) end
function host.encode(value) return tostring(value.state) end

-- Not what the service has, but another text gives another one.
function host.hash(text)
  local sum = 5381
  for i = 1, #text do sum = (sum * 33 + text:byte(i)) & 0xffffffffffff end
  return ("%012x"):format(sum):rep(5)
end
host.sha256 = host.hash

-- Notes a call of a module that is replaced.
local function called(name, result)
  return function(...)
    fake.calls[#fake.calls + 1] = { name, ... }
    if type(result) == "function" then return result(...) end
    return result
  end
end

local function load_adapters()
  return {
    { id = "demo", name = "DEMO Power & Gas", utility_id = "DEMO", portal = "https://www.demo.test/", regions = { "NY" },
      services = { "electric", "gas" }, mfa = { policy = "relay", kinds = { "otp", "select" }, help_url = host.null, steps = {} },
      credentials = { { name = "username", label = "User name", type = "text" },
                      { name = "password", label = "Password", type = "password", secret = true } } },
    { id = "north", name = "North Light", utility_id = "North", portal = "https://www.north.test/", regions = { "IL", "MO" },
      services = { "electric" }, mfa = { policy = "turn_off", kinds = { "otp" }, help_url = "https://www.north.test/mfa",
      steps = { "Sign in.", "Switch it off." } },
      credentials = { { name = "username", label = "Email", type = "email" },
                      { name = "password", label = "Password", type = "password", secret = true },
                      { name = "zip", label = "ZIP code", type = "text", optional = true } } },
    { id = "stone", name = "Stone Gas", utility_id = "STONE", portal = "https://www.stone.test/", regions = { "NJ" }, services = { "gas" },
      mfa = { policy = "turn_off", kinds = { "otp" }, off_impossible = true, steps = {} }, paused = "maintenance",
      credentials = { { name = "username", label = "Email", type = "email" } } },
  }
end

fake.adapters = load_adapters()

local function by_utility(text)
  for _, one in ipairs(fake.adapters) do
    if text and (one.id == text:lower() or one.utility_id:lower() == text:lower()) then return one end
  end
end

package.loaded["service.adapters"] = { list = function() return fake.adapters end, get = by_utility, by_utility = by_utility, known = by_utility }
package.loaded["service.health"] = { resting = function() return fake.resting end }
package.loaded["service.templates"] = {
  get = function() return fake.template end, by_portal = function(name) return name == "helio" and fake.template or nil end }
package.loaded["service.forms"] = {
  get = function() return fake.form end, by_token = function(token) return token == "token" and fake.form or nil end, token = function() return "fresh" end,
  create = called("create", function() return fake.form end), modify = called("modify") }
package.loaded["service.authorizations"] = {
  submit = called("submit", function() return fake.submitted, fake.why end), decline = called("decline"),
  revoke = called("revoke"), stop_keeping = called("stop_keeping", true),
  referrals = function() return { "ref1" } end, by_receipt = function() return fake.receipt end }
package.loaded["service.sessions"] = {
  allowed = function() return fake.refused == nil, fake.refused, fake.till end, answer = called("answer", true), cancel = called("cancel") }
package.loaded["service.progress"] = { of = function() return fake.progress end }
package.loaded["service.meters"] = { list = function() return fake.meters or {} end }
package.loaded["service.mails"] = { send = called("mail") }
package.loaded["service.audit"] = { add = called("audit") }
package.loaded["service.db"] = { update = called("update"), insert = called("insert"), NULL = host.null, row = function() return fake.kept end }

-- Everything as before the first test.
function fake.reset()
  fake.calls, fake.resting, fake.refused, fake.till, fake.why, fake.meters, fake.receipt, fake.kept = {}, nil, nil, nil, nil, nil, nil, nil
  fake.template = { uid = "1", team = "t", company_name = "Helio Solar", redirect_uris = {}, frame_ancestors = {}, settings = {}, portal = "helio" }
  fake.form = { uid = "70318", team = "t", template = "1", customer_email = "", scope = {}, expires = fake.now + 86400 * 1000000 }
  fake.progress = { state = "choose", form = fake.form, template = fake.template }
  fake.submitted = { uid = "4471", team = "t", customer_email = "pat@mail.test" }
end
fake.reset()

-- The progress of a form whose sign-in at utility is in state.
function fake.stand(state, utility, more)
  local authorization = { uid = "4471", team = "t", customer_email = "pat@mail.test", utility = utility, status = "pending" }
  fake.progress = { state = state, form = fake.form, template = fake.template, authorization = authorization, utility = by_utility(utility),
    session = { uid = "9", state = state == "code" and "waiting" or "running", rejected = 0 } }
  for name, value in pairs(more or {}) do fake.progress[name] = value end
end

-- Was it called? Its last arguments.
function fake.called(name)
  for i = #fake.calls, 1, -1 do
    if fake.calls[i][1] == name then return fake.calls[i] end
  end
end

-- A request as the service gives it. more: query, fields, headers, cookies, sealed.
function fake.request(method, path, more)
  local request = { id = "r1", method = method, path = path, query = {}, headers = {}, cookies = {}, fields = {}, peer = "192.0.2.1" }
  for name, value in pairs(more or {}) do request[name] = value end
  return request
end

local router = require("service.router").new()
require "service.static"(router)
require "service.customer.routes"(router)

function fake.get(path, more) return router:run(fake.request("GET", path, more)) end

-- With the cookie and the field that a page of ours would have given.
function fake.post(path, scope, fields, more)
  local guard = require "service.customer.guard"
  local request = fake.request("POST", path, more)
  request.cookies.guard, request.fields = "nonce", fields or {}
  request.fields.guard = request.fields.guard or guard.make(request, scope, false)
  return router:run(request)
end

return fake
