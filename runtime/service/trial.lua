-- A canary's trial: what its sessions come to, beside those of the version that is live meanwhile.
--
-- Only what says something of the adapter counts: meters, and failures of the adapter's own (`adapter.*`). A wrong password, a site that is
-- down or a customer who gave up says nothing of either version.
local settings = require "service.settings"
local trial = {}

-- Sessions that must bring meters before it is for all; failures of its own from which on it is compared with the live one.
trial.HEALTHY, trial.FAILURES = 10, 3

local function key(utility) return "trial:" .. utility end

function trial.begin(utility, version)
  settings.set(key(utility), { version = version, good = 0, failed = 0, live_good = 0, live_failed = 0, since = host.now() })
end

-- {version, good, failed, live_good, live_failed, since}, or nil.
function trial.of(utility) return settings.get(key(utility)) end

function trial.over(utility) settings.set(key(utility), nil) end

local function share(failed, good) return failed / math.max(1, failed + good) end

-- "healthy", "worse" than what is live, or nil: too little is known.
local function verdict(t)
  local worse = t.failed >= trial.FAILURES and share(t.failed, t.good) > share(t.live_failed, t.live_good)
  return worse and "worse" or t.good >= trial.HEALTHY and "healthy" or nil
end

-- A session of the canary or of the live version ended; code: nil for meters. -> the verdict and what it rests on.
function trial.count(utility, is_canary, code)
  local t, own = trial.of(utility), code and code:find("^adapter%.") ~= nil
  if not t or (code and not own) then return nil end
  local field = (is_canary and "" or "live_") .. (own and "failed" or "good")
  t[field] = t[field] + 1
  settings.set(key(utility), t)
  return verdict(t), t
end

return trial
