---@meta meterkey.time
-- The clock and the calendar, UTC only.
---@class Date
---@field year integer
---@field month integer
---@field day integer
---@field hour? integer
---@field min? integer
---@field sec? integer
---@field wday? integer 1 is Sunday
---@field yday? integer
local time = {}
---@return number seconds since the epoch, journaled
function time.now() end
---@param t number
---@param format? string
---@return string
function time.format(t, format) end
---@param text string ISO 8601 or RFC 1123
---@return number? seconds, string? message, string? code
function time.parse(text) end
---@param t number
---@return Date
function time.date(t) end
---@param date Date
---@return integer
function time.seconds(date) end
---@param t number
---@param span {years?: integer, months?: integer, days?: integer, hours?: integer, minutes?: integer, seconds?: integer}
---@return integer
function time.add(t, span) end
return time
