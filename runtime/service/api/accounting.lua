-- Billing accounts and summaries in the API: none yet.
local problem = require "service.api.problem"
local api = {}

function api.accounts(call) return call:page("billing_accounts", {}, nil) end
function api.summaries(call) return call:page("billing_summaries", {}, nil) end
function api.none() return problem.not_found() end

return api
