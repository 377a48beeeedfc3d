---@meta meterkey.crypto
-- Hashes, encodings, random numbers, RSA, one-time codes. Opaque in, opaque out.
local crypto = {}
---@param data Text
---@return string|Opaque raw bytes
function crypto.sha1(data) end
---@param data Text
---@return string|Opaque raw bytes
function crypto.sha256(data) end
---@param data Text
---@return string|Opaque raw bytes
function crypto.sha384(data) end
---@param data Text
---@return string|Opaque raw bytes
function crypto.sha512(data) end
---@param data Text
---@return string|Opaque raw bytes
function crypto.md5(data) end
---@param key Text
---@param data Text
---@return string|Opaque raw bytes
function crypto.hmac_sha1(key, data) end
---@param key Text
---@param data Text
---@return string|Opaque raw bytes
function crypto.hmac_sha256(key, data) end
---@param key Text
---@param data Text
---@return string|Opaque raw bytes
function crypto.hmac_sha512(key, data) end
---@param data Text
---@return string|Opaque
function crypto.hex(data) end
---@param text Text
---@return string|Opaque|nil bytes, string? message, string? code
function crypto.unhex(text) end
---@param data Text
---@return string|Opaque
function crypto.base64(data) end
---@param data Text
---@return string|Opaque
function crypto.base64url(data) end
---@param text Text
---@return string|Opaque|nil bytes, string? message, string? code
function crypto.unbase64(text) end
---@param n integer 1 to 4,096
---@return string bytes
function crypto.random(n) end
---@return string
function crypto.uuid() end
---@return {verifier: string, challenge: string, method: "S256"}
function crypto.pkce() end
---@param key string|{n: string, e: string, hex?: boolean} PEM, base64 DER, or the numbers of a JSON web key
---@param data Text
---@param padding? "oaep"|"oaep-sha256"|"pkcs1"
---@return string|Opaque|nil bytes, string? message, string? code
function crypto.rsa_encrypt(key, data, padding) end
---@param secret Text base32
---@param time? number
---@param digits? integer
---@param period? integer
---@param algorithm? "sha1"|"sha256"|"sha512"
---@return string|Opaque|nil code, string? message, string? code
function crypto.totp(secret, time, digits, period, algorithm) end
return crypto
