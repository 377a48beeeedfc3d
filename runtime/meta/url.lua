---@meta meterkey.url
-- URLs.
---@class UrlParts
---@field scheme? string
---@field host? string
---@field port? integer
---@field path? string
---@field query? string|table
---@field fragment? string
---@field user? string
---@field password? string
local url = {}
---@param text string
---@return UrlParts? parts, string? message, string? code
function url.parse(text) end
---@param base string
---@param reference string
---@return string? absolute, string? message, string? code
function url.resolve(base, reference) end
---@param text string
---@return string? origin, string? message, string? code
function url.origin(text) end
---@param parts UrlParts
---@return string? text, string? message, string? code
function url.build(parts) end
---@param text Text
---@param form? boolean
---@return string|Opaque
function url.encode(text, form) end
---@param text Text
---@param form? boolean
---@return string|Opaque|nil text, string? message, string? code
function url.decode(text, form) end
---@param fields Fields
---@return string
function url.query(fields) end
---@param text string
---@return table<string, string> first, {[1]: string, [2]: string}[] all
function url.parse_query(text) end
return url
