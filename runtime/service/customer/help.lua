-- Public help on MFA, from the manifests of the adapters: /help/mfa and /help/UTILITY.
local adapters = require "service.adapters"
local failure = require "service.customer.failure"
local page = require "service.page"
local view = require "service.customer.view"
local web = require "service.web"
local help = {}

local SAID = { otp = true, totp = true, offline_code = true, question = true, approve = true, link = true, acknowledge = true, credential = true }

-- What an utility asks for, in words; choosing where to send a code is no kind of its own to a customer.
local function kinds(utility, t)
  local out = {}
  for _, kind in ipairs(utility.mfa.kinds or {}) do
    if SAID[kind] then out[#out + 1] = t("help.kind." .. kind) end
  end
  return #out > 0 and table.concat(out, ", ") or nil
end

-- "Asks for a code from an app.", or nil.
local function asked(utility, t)
  local list = kinds(utility, t)
  return list and t("help.asks", { kinds = list })
end

function help.index(request)
  local t, parts = page.words(page.language(request)), {}
  for i, policy in ipairs { "relay", "turn_off" } do
    local name, list = policy == "relay" and "relay" or "off", {}
    for _, one in ipairs(adapters.list()) do
      local utility = view.utility(one)
      if utility.mfa.policy == policy then
        list[#list + 1] = { name = utility.name, href = "/help/" .. utility.id, detail = policy == "relay" and asked(utility, t)
          or utility.mfa.off_impossible and t("help.off.not_all") or "" }
      end
    end
    parts[i] = { title = t("help." .. name .. ".title"), text = t("help." .. name .. ".text"), list = list }
  end
  return view.show(request, {}, 200, "help/mfa", { title = t("help.title"), parts = parts })
end

local function steps_of(utility, t, language, said)
  if #(utility.mfa.steps or {}) == 0 and utility.mfa.off_impossible then return {} end
  return failure.steps(utility.mfa, t, language, said)
end

local function customer_steps(name, t, said)
  local out = {}
  for i = 1, 4 do out[i] = t("help.customer." .. name .. "_" .. i, said) end
  return out
end

function help.utility(request, params)
  local language, one = page.language(request), adapters.by_utility(params.utility)
  if not one and adapters.known(params.utility) then return web.redirect("/help/mfa") end
  local t = page.words(language)
  if not one then
    return view.show(request, {}, 404, "customer/plain", { title = t("customer.missing.title"), lead = t("help.missing"), act = t("help.back"),
      act_href = "/help/mfa" })
  end
  local utility = view.utility(one)
  local said, off = { utility = utility.name }, utility.mfa.policy == "turn_off"
  local name = off and "off" or "relay"
  local list, steps = kinds(utility, t), off and steps_of(utility, t, language, said) or {}
  return view.show(request, {}, 200, "help/utility", { title = t("help.utility.title", said), said = said,
    lead = t("help.utility." .. name, said), impossible = off and utility.mfa.off_impossible and t("help.utility.impossible", said) or nil,
    kinds = list and t("help.kinds", { kinds = list }), customer = customer_steps(name, t, said), steps = steps,
    official = utility.mfa.help_url, team = t("help.team." .. name), afterwards = t("help.again." .. name) })
end

return help
