---@meta meterkey.log
-- Lines for whoever runs the script.
local log = {}
---@param ... any
function log.debug(...) end
---@param ... any
function log.info(...) end
---@param ... any
function log.warn(...) end
---@param ... any
function log.error(...) end
return log
