---@meta meterkey.cookies
-- A jar for a script's own use.
---@class Cookie
---@field name string
---@field value Text
---@field domain string
---@field path? string
---@field secure? boolean
---@field http_only? boolean
---@field host_only? boolean
---@field same_site? "strict"|"lax"|"none"
---@field expires? integer

---@class Jar
local jar = {}
---@param url string
---@param line string a Set-Cookie value
---@return true? ok, string? message, string? code
function jar:add(url, line) end
---@param url string
---@return string|Opaque
function jar:header(url) end
---@param name string
---@param url? string
---@return string|Opaque|nil
function jar:get(name, url) end
---@param cookie Cookie
---@return true? ok, string? message, string? code
function jar:set(cookie) end
---@param opts? {except: string[]}
function jar:clear(opts) end
---@return Cookie[]
function jar:all() end

local cookies = {}
---@return Jar
function cookies.new() end
return cookies
