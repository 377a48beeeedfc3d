-- Where webhooks may go.
local targets = {}

local MOST = 2000

-- What is wrong with an endpoint's URL, or nil: https without a user name in it, or an origin that the operator opened.
function targets.problem(url)
  if #url > MOST or url:find("[%s\"'<>\\%c]") then return "must be a URL of at most 2,000 characters" end
  local authority = url:match("^https://([^/?#]+)")
  if authority and authority:find("^[%w.%-]+:?%d*$") then return nil end
  for _, origin in ipairs(host.config.webhook_origins) do
    if url == origin or url:sub(1, #origin) == origin and url:sub(#origin + 1, #origin + 1):find("^[/?]") then return nil end
  end
  return "must be https, or at an origin that the operator opened"
end

return targets
