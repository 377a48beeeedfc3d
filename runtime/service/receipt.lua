-- The link of a receipt: what a customer authorized, and where to revoke it. Its token comes from the keyed hash, so that every page and mail
-- names the same one and the store holds none that works.
local authorizations = require "service.authorizations"
local db = require "service.db"
local receipt = {}

local function token_of(authorization) return host.hash("receipt-link:" .. authorization.team .. ":" .. authorization.uid):sub(1, 40) end

-- The path of its page.
function receipt.path(authorization)
  local token = token_of(authorization)
  if not authorization.receipt then
    authorization.receipt = host.hash("receipt:" .. token)
    db.update("authorizations", { team = authorization.team, uid = authorization.uid }, { receipt = authorization.receipt })
  end
  return "/receipt/" .. token
end

-- The authorization of a receipt's token, or nil.
function receipt.authorization(token) return authorizations.by_receipt(token) end

return receipt
