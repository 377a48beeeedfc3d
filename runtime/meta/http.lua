---@meta meterkey.http
-- Requests aside from the session's pages.
local http = {}
---@param url string
---@param opts? Options
---@return Page? page, string? message, string? code
function http.get(url, opts) end
---@param url string
---@param opts? Options
---@return Page? page, string? message, string? code
function http.post(url, opts) end
---@param method string
---@param url string
---@param opts? Options
---@return Page? page, string? message, string? code
function http.request(method, url, opts) end
return http
