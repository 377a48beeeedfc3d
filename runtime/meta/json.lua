---@meta meterkey.json
-- JSON: arrays, null and integers as they are.
local json = {}
---@type lightuserdata stands for JSON's null
json.null = nil
---@param text string
---@param path? string $ .name ['name'] [n] [*]
---@return any value, string? message, string? code
function json.decode(text, path) end
---@param value any
---@return string|Opaque
function json.encode(value) end
---@param t? table
---@return table the same, marked as an array
function json.array(t) end
---@param value any
---@return boolean
function json.is_null(value) end
---@param value any
---@return boolean
function json.is_array(value) end
return json
