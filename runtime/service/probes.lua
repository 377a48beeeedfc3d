-- What machines ask an operator's service: is it up, is it ready, how is it.
local adapters = require "service.adapters"
local db = require "service.db"
local web = require "service.web"

local function counts()
  local out = {}
  for _, row in ipairs(db.rows("SELECT state, count(*) AS n FROM sessions WHERE state <> 'ended' GROUP BY state")) do out[row.state] = row.n end
  return out
end

local function label(text) return (tostring(text):gsub('[\\"\n]', { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" })) end

-- Which version of an adapter new sessions take, since when, and whether the newest one was turned away.
local function of_adapters(family, sample)
  local list = adapters.list()
  table.sort(list, function(a, b) return a.id < b.id end)
  family("meterkey_adapter_share", "gauge", "Percent of new sessions that a version takes: 100 for what is live, less while there is a canary.")
  for _, one in ipairs(list) do
    sample("meterkey_adapter_share", { "utility", one.id, "version", one.version }, 100 - (one.canary and one.share or 0))
    if one.canary then sample("meterkey_adapter_share", { "utility", one.id, "version", one.canary }, one.share) end
  end
  family("meterkey_adapter_changed_seconds", "gauge", "When another version became live or a canary, since the epoch.")
  for _, one in ipairs(list) do sample("meterkey_adapter_changed_seconds", { "utility", one.id }, one.changed // 1000000) end
  family("meterkey_adapter_refused", "gauge", "1 where the newest version of an adapter was refused, or withdrawn as a canary.")
  local latest, ids = adapters.latest(), {}
  for id in pairs(latest) do ids[#ids + 1] = id end
  table.sort(ids)
  for _, id in ipairs(ids) do sample("meterkey_adapter_refused", { "utility", id }, latest[id].refused and 1 or 0) end
end

-- The text format of Prometheus.
local function metrics()
  local out = {}
  local function family(name, type, help) out[#out + 1] = ("# HELP %s %s\n# TYPE %s %s"):format(name, help, name, type) end
  local function sample(name, labels, value)
    local parts = {}
    for i = 1, #labels, 2 do parts[#parts + 1] = ('%s="%s"'):format(labels[i], label(labels[i + 1])) end
    out[#out + 1] = ("%s%s %s"):format(name, #parts > 0 and "{" .. table.concat(parts, ",") .. "}" or "", value)
  end
  family("meterkey_sessions", "gauge", "Sessions that have not ended, by state.")
  local now = counts()
  for _, state in ipairs { "queued", "running", "waiting", "answered" } do sample("meterkey_sessions", { "state", state }, now[state] or 0) end
  family("meterkey_workers", "gauge", "Worker processes that are ready.")
  sample("meterkey_workers", {}, host.workers().ready)
  family("meterkey_worker_deaths_total", "counter", "Workers that ended without being asked to.")
  sample("meterkey_worker_deaths_total", {}, host.workers().deaths)
  local store = host.store()
  for _, one in ipairs { { "statements", store.statements, "SQL statements run." },
                         { "steps", store.steps, "Steps of the database's machine: a statement that looks through many rows takes many." },
                         { "commits", store.commits, "Commits, each waits for the disk." },
                         { "commit_seconds", store.commit_us / 1000000, "Time that commits took." } } do
    family("meterkey_store_" .. one[1] .. "_total", "counter", one[3])
    sample("meterkey_store_" .. one[1] .. "_total", {}, one[2])
  end
  local rows = db.rows([[SELECT utility, version, sum(attempts) AS attempts, sum(successes) AS successes, sum(asked) AS asked FROM health
    GROUP BY utility, version ORDER BY utility, version]])
  for _, one in ipairs { { "attempts", "Sessions begun." }, { "successes", "Sessions that brought meters." }, { "asked", "Sessions that met a question." } } do
    family("meterkey_adapter_" .. one[1] .. "_total", "counter", one[2])
    for _, row in ipairs(rows) do
      sample("meterkey_adapter_" .. one[1] .. "_total", { "utility", row.utility, "version", row.version }, row[one[1]])
    end
  end
  of_adapters(family, sample)
  family("meterkey_outbox", "gauge", "Deliveries that wait.")
  sample("meterkey_outbox", { "kind", "webhook" }, db.row("SELECT count(*) AS n FROM events WHERE next IS NOT NULL").n)
  sample("meterkey_outbox", { "kind", "mail" }, db.row("SELECT count(*) AS n FROM mails WHERE next IS NOT NULL").n)
  family("meterkey_kept_sign_ins", "gauge", "Sign-ins that are kept for ongoing access.")
  sample("meterkey_kept_sign_ins", {}, db.row("SELECT count(*) AS n FROM kept").n)
  family("meterkey_refreshes_due", "gauge", "Runs without a customer that wait for their turn.")
  sample("meterkey_refreshes_due", {}, db.row("SELECT count(*) AS n FROM kept WHERE next <= ?1", host.now()).n)
  return table.concat(out, "\n") .. "\n"
end

return function(routes)
  routes:add("GET", "/healthz", function() return web.text(200, "ok\n") end)
  routes:add("GET", "/readyz", function()
    local workers = host.workers()
    if workers.ready == 0 then return web.text(503, "no worker is ready\n") end
    return web.text(200, ("ready: %d workers\n"):format(workers.ready))
  end)
  routes:add("GET", "/metrics", function()
    return { status = 200, type = "text/plain; version=0.0.4; charset=utf-8", body = metrics(), headers = {} }
  end)
end
