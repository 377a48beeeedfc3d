-- What an endpoint says when it cannot: each gives nil and {status, slug, text, param}.
local problem = {}

function problem.new(status, slug, text, param)
  return nil, { status = status, slug = slug, text = text, param = param }
end

-- Not there, or another team's: the answer is the same.
function problem.not_found() return problem.new(404, "not_found", "Resource not found") end
function problem.invalid(param, text) return problem.new(400, "invalid_param", ("%s %s"):format(param, text), param) end
function problem.missing(text) return problem.new(400, "required_param_missing", text) end
function problem.conflict(slug, text) return problem.new(409, slug, text) end
function problem.forbidden(text) return problem.new(403, "forbidden", text) end

return problem
