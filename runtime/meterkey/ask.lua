-- Asking the customer, and asking again: the loop behind s:ask.
--
-- contract.md, section 4. Part of every version, so that a parked session goes on with the loop it began
-- with. `core` is the engine's side (core/bind/ask.c): policy, limits, tries and what counts as a rejection
-- are decided there, in C; here is only the order of things.
local error, setmetatable, type = error, setmetatable, type

-- Kinds that are answered by choosing or agreeing: nothing is a secret, nothing is verified by itself.
local plain = { select = true, acknowledge = true }

-- Runs one of the script's handlers while the engine knows which it is.
local function handle(core, name, fn, ...)
  core.handler(name)
  local result = fn(...)
  core.handler()
  return result
end

local function resend(core, handlers, page)
  local fresh = handle(core, "resend", handlers.resend, page)
  core.resent()
  return fresh or page
end

-- Polls until the portal says something. Nothing of a poll that said nothing is kept.
local function approve(core, handlers, page)
  if not handlers.poll then error("s:ask: an approval needs a poll handler", 3) end
  while true do
    local event, choice = core.pause(handlers.every)
    if event == "resend" then
      page = resend(core, handlers, page)
    elseif event == "switch" then
      return handle(core, "switch", handlers.switch, choice, page)
    else
      local result = handle(core, "poll", handlers.poll, page)
      core.polled(result == nil)
      if result ~= nil then return result end
    end
  end
end

local function answered(core, kind, handlers, page)
  while true do
    local event, answer = core.wait()
    if event == "resend" then
      page = resend(core, handlers, page)
    elseif event == "switch" then
      return handle(core, "switch", handlers.switch, answer, page)
    elseif kind == "select" or not handlers.verify then
      return answer
    elseif plain[kind] then
      return handle(core, "answer", handlers.verify, answer, page)
    else
      page = handle(core, "verify", handlers.verify, answer, page)
      local again = core.judge(page)
      if again == nil then error("s:ask: verify must return the page it got, got " .. type(page), 3) end
      if not again then return page end
    end
  end
end

return function(core)
  return function(_, challenge, handlers)
    if type(challenge) ~= "table" then
      error("s:ask: a challenge (page.mfa or a table with kind) expected, got " .. type(challenge), 2)
    end
    if type(handlers) == "function" then handlers = { verify = handlers } end
    handlers = handlers or {}
    if type(handlers) ~= "table" then error("s:ask: handlers must be a table or a function", 2) end
    local kind, page = core.open(challenge, handlers.resend ~= nil, handlers.switch ~= nil)
    -- Over in any case: a script that catches a handler's error goes on outside of the question.
    local over <close> = setmetatable({}, { __close = core.close }) -- luacheck: ignore over
    local result
    if kind == "approve" then
      result = approve(core, handlers, page)
    else
      result = answered(core, kind, handlers, page)
    end
    return result
  end
end
