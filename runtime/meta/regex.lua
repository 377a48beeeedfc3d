---@meta meterkey.regex
-- Regular expressions of PCRE2.
---@class Regex
local compiled = {}
---@param text string
---@param init? integer
---@return table? captures
function compiled:match(text, init) end
---@param text string
---@param init? integer
---@return integer? from, integer? to, table? captures
function compiled:find(text, init) end
---@param text string
---@return fun(): table? captures
function compiled:gmatch(text) end
---@param text string
---@param replacement string|table|fun(captures: table): string?
---@param most? integer
---@return string text, integer count
function compiled:gsub(text, replacement, most) end

local regex = {}
---@param pattern string
---@param flags? string letters of imsxU
---@return Regex? regex, string? message, string? code
function regex.compile(pattern, flags) end
---@param text string
---@param pattern string|Regex
---@param flags? string
---@param init? integer
---@return table? captures
function regex.match(text, pattern, flags, init) end
---@param text string
---@param pattern string|Regex
---@param flags? string
---@param init? integer
---@return integer? from, integer? to, table? captures
function regex.find(text, pattern, flags, init) end
---@param text string
---@param pattern string|Regex
---@param flags? string
---@return fun(): table? captures
function regex.gmatch(text, pattern, flags) end
---@param text string
---@param pattern string|Regex
---@param replacement string|table|fun(captures: table): string?
---@param most? integer
---@param flags? string
---@return string text, integer count
function regex.gsub(text, pattern, replacement, most, flags) end
---@param text string
---@return string pattern
function regex.escape(text) end
return regex
