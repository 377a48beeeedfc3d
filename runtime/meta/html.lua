---@meta meterkey.html
-- Documents that are no pages.
---@class Document : Searchable
local doc = {}
---@param selector? string
---@return Form
function doc:form(selector) end
---@return string
function doc:html() end

local html = {}
---@param text string
---@param opts? {xml?: boolean, url?: string}
---@return Document? document, string? message, string? code
function html.parse(text, opts) end
return html
