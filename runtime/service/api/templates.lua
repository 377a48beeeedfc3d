-- Templates in the API.
local templates = require "service.templates"
local problem = require "service.api.problem"
local shape = require "service.api.shape"
local api = {}

function api.list(call)
  local rows, after = templates.list(call.team, call.query)
  return call:page("templates", rows, after, shape.template)
end

function api.get(call)
  local row = templates.get(call.team, call.params.uid)
  if not row then return problem.not_found() end
  return shape.template(call, row)
end

return api
