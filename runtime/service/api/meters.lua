-- Meters in the API.
local authorizations = require "service.authorizations"
local clock = require "service.clock"
local db = require "service.db"
local events = require "service.events"
local meters = require "service.meters"
local problem = require "service.api.problem"
local shape = require "service.api.shape"
local utilities = require "service.api.utilities"
local api = {}

function api.list(call)
  local filter = call.query
  filter.utility, filter.service = utilities.spelled(filter.utility), filter.service_type
  return call:listed("meters", filter, meters.list, shape.meter, shape.prepare_meters)
end

function api.get(call)
  local row = meters.get(call.team, call.params.uid)
  if not row then return problem.not_found() end
  return shape.meter(call, row)
end

function api.modify(call)
  if not meters.get(call.team, call.params.uid) then return problem.not_found() end
  return shape.meter(call, meters.modify(call.team, call.params.uid, { is_archived = call.body.is_archived }))
end

-- Revocation deletes meters; that there was one is still told by its event.
local function was_there(team, uid)
  return db.row("SELECT 1 FROM events WHERE team = ?1 AND meter = ?2 AND type = 'meter_created' LIMIT 1", team, uid) ~= nil
end

-- Those of the list that can be collected: revoked and expired ones are left out in silence. -> rows, or nil and a
-- problem.
local function usable(call)
  local out, seen = {}, {}
  for _, uid in ipairs(call.body.meters) do
    local row = meters.get(call.team, uid)
    if not row and not was_there(call.team, uid) then return problem.not_found() end
    local authorization = row and authorizations.get(call.team, row.authorization)
    if row and not seen[uid] and not authorization.revoked and not authorization.expired then
      row.form, row.scenario = authorization.form, authorization.scenario
      out[#out + 1] = row
    end
    seen[uid] = true
  end
  if #out == 0 then return problem.new(400, "expired_or_revoked", "All of these meters are expired or revoked.") end
  return out
end

local function uids_of(rows)
  local out = host.array {}
  for i, row in ipairs(rows) do out[i] = row.uid end
  return out
end

-- Made-up customers of these scenarios have a meter at first; collecting then fails: the note, and its words.
local AFTER = {
  badlogin_after = { "access_invalid", "The user name or the password is not right any more." },
  websitedown_after = { "bills_errored", "The utility's website is down." },
  utilityerror_after = { "bills_errored", "The utility's website shows an error." },
}

local function fail(call, row, after)
  local now = clock.iso(host.now())
  meters.modify(call.team, row.uid, { is_activated = true, status = "errored", status_message = after[2],
    notes = host.array { { type = after[1], msg = after[2], ts = now } } })
end

-- Bills and intervals are not read: the collection is over as soon as it begins, and has found none.
function api.collect(call)
  local rows, why = usable(call)
  if not rows then return nil, why end
  for _, row in ipairs(rows) do
    local of, after = { form = row.form, authorization = row.authorization, meter = row.uid }, AFTER[row.scenario]
    if after then
      fail(call, row, after)
    else
      meters.modify(call.team, row.uid, { is_activated = true, status = "updated",
        status_message = "No bills or intervals are read here." })
    end
    events.emit(call.team, "meter_historical_collection_started", of)
    events.emit(call.team, "meter_historical_collection_finished_" .. (after and "errored" or "successful"), of)
  end
  return { success = true, meters = uids_of(rows), collection_duration = call.body.collection_duration or 12 }
end

local PREPAY = { off = "off", month_to_month = "monthly", prepay_yearly = "monthly" }

function api.monitor(call)
  local prepay = call:given("prepay")
  local frequency, day = call.body.frequency or PREPAY[prepay], call:given("fixed_refresh_day")
  if not frequency then return problem.missing("frequency is missing") end
  if day and frequency ~= "monthly" then
    return problem.invalid("fixed_refresh_day", "goes with frequency monthly only")
  end
  local rows, why = usable(call)
  if not rows then return nil, why end
  for _, row in ipairs(rows) do
    meters.modify(call.team, row.uid, { monitoring = frequency == "off" and host.null or
      { frequency = frequency, fixed_refresh_day = day, prepay = prepay } })
  end
  return { success = true, meters = uids_of(rows), frequency = frequency, fixed_refresh_day = day or host.null }
end

return api
