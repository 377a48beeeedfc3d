-- The Opower usage widget that several portals show, read as a list of services.
--
--   local widget = require("meterkey.idp.opower") { host = "cec.opower.com", code = "cec" }
--
-- host   the widget's host; code: the utility's code in its paths
-- root   first part of its paths (default "ei")
--
-- Every method takes the token that the portal gives its own page for the widget; some portals bind it to one account.
--   widget:services(s, token)              list of { account, service, uuid, customer, resolution }, one entry a fuel:
--                                          account is the number the customer knows, uuid the widget's own id of both
--   widget:meter_numbers(s, token, entry)  printed meter numbers of such an entry, from its real-time meters
--   widget:graphql(s, token, query, urn)   the `data` of a GraphQL answer, for the entity of that URN
--   widget:service_points(s, token, urn)   list of { service, meter, tariff, timezone }, one entry a service point of the
--                                          billing account of that URN, asked by GraphQL
-- It asks nothing of the customer and sends no code. A token that is not good (any more) is site.permission.
--
-- Documented (a public client): paths, keys, ELEC and GAS, that electricity and gas share an account number. Inferred:
-- that a page that is not full is the last. Steam and other services never appear.
local api, json, log = require "meterkey.api", require "meterkey.json", require "meterkey.log"
local service, site, tariff = require "meterkey.service", require "meterkey.site", require "meterkey.tariff"

local Widget = {}
Widget.__index = Widget

local batch = 100
local pages_at_most = 20

local fuels = { ELEC = "electric", GAS = "gas" }

local function headers(token, entity)
  return { Authorization = "Bearer " .. token, Accept = "application/json",
    ["Opower-Selected-Entities"] = entity and json.encode(json.array { entity }) or nil }
end

function Widget:url(path)
  return "https://" .. self.host .. "/" .. self.root .. "/edge/apis/" .. path
end

-- What the widget answered, decoded; its refusals are typed errors.
local function answer(s, page)
  local is_json = page.type:find("json", 1, true)
  if is_json and (page.status == 401 or page.status == 403) then
    s:fail("site.permission", "the usage widget refuses: status " .. page.status)
  end
  site.page(s, page)
  if page.status ~= 200 or not is_json then
    s:fail("adapter.unexpected_page", ("the usage widget answered %s with status %d"):format(page.type, page.status))
  end
  return page:json()
end

local function service_of(customer, account)
  local fuel = fuels[account.meterType]
  if not fuel then
    log.warn("the usage widget lists a service of an unknown kind: " .. tostring(account.meterType))
    return nil
  end
  return { account = account.preferredUtilityAccountId, service = fuel, uuid = account.uuid,
    customer = customer.uuid, resolution = account.readResolution }
end

function Widget:services(s, token)
  local out, address = {}, self:url("multi-account-v1/cws/" .. self.code .. "/customers")
  for page = 0, pages_at_most - 1 do
    local customers = answer(s, s:get(address, { headers = headers(token),
      query = { offset = page * batch, batchSize = batch, addressFilter = "" } })).customers
    customers = api.elements(customers)
    for _, customer in ipairs(customers) do
      for _, account in ipairs(api.elements(customer.utilityAccounts)) do out[#out + 1] = service_of(customer, account) end
    end
    if #customers < batch then break end
  end
  return out
end

function Widget:meter_numbers(s, token, entry)
  local path = ("cws-real-time-ami-v1/cws/%s/accounts/%s/meters"):format(self.code, entry.uuid)
  local page = s:get(self:url(path), { headers = headers(token, "urn:opower:customer:uuid:" .. entry.customer) })
  if page.status == 404 then return {} end -- no smart meter there
  return api.elements(answer(s, page).meters_ids)
end

function Widget:graphql(s, token, query, entity)
  local reply = answer(s, s:post(self:url("dsm-graphql-v1/cws/graphql"), {
    json = { query = query, variables = {} }, headers = headers(token, entity) }))
  local problem = type(reply.errors) == "table" and reply.errors[1]
  if problem then s:fail("adapter.unexpected_page", "the usage widget: " .. tostring(problem.message)) end
  return reply.data
end

local points = [[{ billingAccountByAuthContext { serviceAgreementsConnection { edges { node { serviceType
  ratePlan { code } servicePointsConnection { edges { node { utilityId serviceType premise { timeZone }
  } } } } } } } }]]

local function nodes(connection)
  local out = {}
  for i, edge in ipairs(api.value(connection, "edges") or {}) do out[i] = edge.node end
  return out
end

function Widget:service_points(s, token, entity)
  local data, out = self:graphql(s, token, points, entity), {}
  for _, agreement in ipairs(nodes(api.value(data, "billingAccountByAuthContext", "serviceAgreementsConnection"))) do
    for _, point in ipairs(nodes(agreement.servicePointsConnection)) do
      out[#out + 1] = {
        service = service.class(api.value(point, "serviceType") or agreement.serviceType), meter = api.value(point, "utilityId"),
        tariff = tariff.code(api.value(agreement, "ratePlan", "code")), timezone = api.value(point, "premise", "timeZone"),
      }
    end
  end
  return out
end

return function(config)
  return setmetatable({ host = config.host, code = config.code, root = config.root or "ei" }, Widget)
end
