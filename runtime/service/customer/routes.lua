-- The customer's pages and the public help.
local help = require "service.customer.help"
local receipts = require "service.customer.receipts"
local request = require "service.customer.request"
local web = require "service.web"

return function(router)
  router:add("GET", "/f/:token", request.get)
  router:add("POST", "/f/:token", request.choose)
  for _, name in ipairs { "consent", "answer", "decline", "cancel" } do router:add("POST", "/f/:token/" .. name, request[name]) end
  -- A page that was shown as the answer to a form, loaded anew: where it stands.
  for _, name in ipairs { "consent", "answer", "decline", "cancel" } do router:add("GET", "/f/:token/" .. name, request.anew) end
  for _, name in ipairs { "consent", "decline" } do router:add("GET", "/authorize/:portal/" .. name, request.anew) end
  router:add("GET", "/f/:token/events", request.stream)
  router:add("GET", "/f/:token/state", request.state)
  router:add("GET", "/authorize/:portal", request.portal)
  router:add("POST", "/authorize/:portal", request.choose)
  router:add("POST", "/authorize/:portal/consent", request.consent)
  router:add("POST", "/authorize/:portal/decline", request.decline)
  router:add("GET", "/receipt/:token", receipts.get)
  router:add("POST", "/receipt/:token", receipts.post)
  router:add("GET", "/help", function() return web.redirect("/help/mfa") end)
  router:add("GET", "/help/mfa", help.index)
  router:add("GET", "/help/:utility", help.utility)
end
