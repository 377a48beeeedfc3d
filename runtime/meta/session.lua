---@meta
-- What the engine gives to an adapter: the session, pages, elements, forms, opaque values. Never run, only read by editors.

---@class Opaque A value nobody may read: usable in requests and meterkey.crypto, shown as ***.
---@operator concat(string|Opaque): Opaque
local opaque = {}
---@return Opaque raw bytes
function opaque:sha1() end
---@return Opaque raw bytes
function opaque:sha256() end
---@param key string|Opaque
---@return Opaque raw bytes
function opaque:hmac_sha256(key) end
---@return Opaque
function opaque:base64() end
---@return Opaque
function opaque:base64url() end
---@return Opaque
function opaque:hex() end
---@return Opaque
function opaque:url() end
---@return Opaque
function opaque:upper() end
---@return Opaque
function opaque:lower() end
---@return Opaque
function opaque:trim() end

---@alias Text string|number|Opaque
---@alias Fields table<string, Text|boolean>|{[1]: string, [2]: Text|boolean}[]

---@class Options
---@field headers? Fields
---@field query? Fields opaque values end the session
---@field form? Fields one body of form, json, multipart and body
---@field json? any
---@field multipart? table
---@field body? Text
---@field type? string media type of body
---@field redirect? boolean|"declared"
---@field referer? string|false
---@field auth? {[1]: Text, [2]: Text} Basic: user, password
---@field timeout? number seconds
---@field accept? integer|integer[] any other status is adapter.unexpected_page
---@field sends_code? boolean this request makes the portal send a code
---@field button? string|string[]|Element of s:submit: the button pressed

---@class Searchable
local searchable = {}
---@param selector string CSS, or XPath if it begins with / ./ or (
---@param opts? {optional: boolean}
---@return Element
function searchable:one(selector, opts) end
---@param selector string
---@return Element[]
function searchable:all(selector) end
---@param selector string
---@return boolean
function searchable:has(selector) end
---@return string visible text, white space folded
function searchable:text() end

---@class Element : Searchable
---@field tag string
local element = {}
---@param name string
---@return string?
function element:attr(name) end
---@param name string
---@param value? string nil removes it
function element:set(name, value) end
---@return string
function element:html() end

---@class Form a control is read and set by its name: form.email = "x"
---@field [string] any
local form = {}
---@param name string
---@return string|boolean|Opaque|table|nil
function form:get(name) end
---@param name string
---@param value Text|boolean|table|nil
function form:set(name, value) end
---@param name string
function form:remove(name) end
---@return {name: string, type: string, value: string, checked: boolean, disabled: boolean}[]
function form:controls() end
---@return {name: string, type: string, value: string, disabled: boolean, element: Element}[]
function form:buttons() end
---@return string
function form:action() end
---@return "get"|"post"
function form:method() end

---@class Challenge
---@field kind "otp"|"totp"|"select"|"question"|"approve"|"acknowledge"|"credential"
---@field medium? string
---@field prompt? string
---@field dest? string masked by the engine
---@field digits? integer
---@field choices? {id: string, label: string}[]
---@field fields? {name: string, label: string, secret: boolean}[]
---@field expires? number seconds
---@field page? Page

---@class Page : Searchable
---@field status integer
---@field url string the final one
---@field type string media type without parameters
---@field body string
---@field headers table<string, string> first value of each, lower-case names
---@field mfa? Challenge
local page = {}
---@param selector? string the first form without one
---@return Form
function page:form(selector) end
---@param name string
---@return string[]
function page:header(name) end
---@param path? string $ .name ['name'] [n] [*]
---@return any
function page:json(path) end
---@param pattern string
---@param flags? string letters of imsxU
---@return table? captures named ones by name too
function page:match(pattern, flags) end

---@class Cookies
local cookies = {}
---@param name string
---@param url? string
---@return string?
function cookies:get(name, url) end
---@param cookie {name: string, value: Text, domain?: string, path?: string, secure?: boolean, http_only?: boolean, host_only?: boolean, expires?: integer}
function cookies:set(cookie) end
---@param opts? {except: string[]}
function cookies:clear(opts) end

---@class Handlers
---@field verify? fun(answer: any, page: Page): Page?
---@field resend? fun(page: Page): Page?
---@field poll? fun(page: Page): Page?
---@field every? number seconds between polls

---@class Session
---@field credentials table<string, string|Opaque>
---@field keep table<string, string|number|boolean|Opaque> lasts from run to run of one authorization
---@field cookies Cookies
---@field [string] any values of the script's own
local s = {}
---@param url string
---@param opts? Options
---@return Page
function s:get(url, opts) end
---@param url string
---@param opts? Options
---@return Page
function s:post(url, opts) end
---@param method string
---@param url string
---@param opts? Options
---@return Page
function s:request(method, url, opts) end
---@param form Form
---@param opts? Options
---@return Page
function s:submit(form, opts) end
---@param challenge Challenge
---@param handlers Handlers|fun(answer: any, page: Page): Page?
---@return any page, or the chosen id
function s:ask(challenge, handlers) end
---@param page Page
---@param selector string
---@return Page
function s:expect(page, selector) end
---@param code string
---@param message? string
function s:fail(code, message) end
function s:must_be_off() end
---@param text string
function s:progress(text) end
---@param seconds number at most 60
function s:wait(seconds) end
---@return number seconds since the epoch, journaled
function s:now() end
