-- meterkey.crypto: vectors of FIPS 180-4, RFC 1321, 2202, 4231, 4648, 6238, 7636.
local crypto = require "meterkey.crypto"
local hex = crypto.hex

case("hashes", function()
  eq(hex(crypto.sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d")
  eq(hex(crypto.sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  eq(hex(crypto.sha384("abc")), "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7")
  eq(hex(crypto.sha512("abc")):sub(1, 32), "ddaf35a193617abacc417349ae204131")
  eq(hex(crypto.md5("")), "d41d8cd98f00b204e9800998ecf8427e")
end)

case("keyed hashes", function()
  eq(hex(crypto.hmac_sha1("Jefe", "what do ya want for nothing?")), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
  eq(hex(crypto.hmac_sha256("Jefe", "what do ya want for nothing?")),
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
  eq(hex(crypto.hmac_sha512("Jefe", "what do ya want for nothing?")):sub(1, 32), "164b7a7bfcf819e2e395fbe73b56e0a3")
end)

case("encodings", function()
  eq(crypto.hex("\0\255a"), "00ff61")
  eq(crypto.unhex("00FF61"), "\0\255a")
  refused("adapter.parse", "hex", crypto.unhex("0g"))
  eq(crypto.base64("fo"), "Zm8=")
  eq(crypto.base64("\251\255"), "+/8=")
  eq(crypto.base64url("\251\255"), "-_8")
  eq(crypto.unbase64("-_8"), "\251\255")
  eq(crypto.unbase64("Zm8=\n"), "fo")
  refused("adapter.parse", "base64", crypto.unbase64("*"))
end)

case("opaque in, opaque out", function()
  local s = secret("abc")
  eq(tostring(crypto.sha256(s)), "***")
  eq(hex(reveal(crypto.sha1(s))), "a9993e364706816aba3e25717850c26c9cd0d89d")
  eq(reveal(crypto.hex(s)), "616263")
  eq(reveal(crypto.unhex(secret("6162"))), "ab")
  eq(reveal(crypto.base64(s)), "YWJj")
  eq(reveal(crypto.unbase64(secret("YWJj"))), "abc")
  eq(hex(reveal(crypto.hmac_sha1(secret("Jefe"), "what do ya want for nothing?"))), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
  eq(tostring(crypto.hmac_sha256("key", s)), "***")
end)

case("random", function()
  eq(#crypto.random(16), 16)
  eq(crypto.random(16) ~= crypto.random(16), true)
  raises("1 to 4096", crypto.random, 0)
  raises("1 to 4096", crypto.random, 5000)
  eq(crypto.uuid():find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"), 1)
end)

case("PKCE", function()
  local pkce = crypto.pkce()
  eq(#pkce.verifier, 43)
  eq(pkce.method, "S256")
  eq(pkce.challenge, crypto.base64url(crypto.sha256(pkce.verifier)))
  eq(crypto.base64url(crypto.sha256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
end)

case("RSA: every padding decrypts", function()
  for _, padding in ipairs({ "oaep", "oaep-sha256", "pkcs1" }) do
    for _, text in ipairs({ "", "x", "password 123", ("p"):rep(62) }) do
      local sealed = assert(crypto.rsa_encrypt(rsa_pem, text, padding))
      eq(#sealed, 128)
      eq(rsa_decrypt(sealed, padding), text)
    end
  end
  eq(rsa_decrypt(crypto.rsa_encrypt(rsa_pem, "default"), "oaep"), "default")
end)

case("RSA: every form of a key", function()
  local jwk = { n = crypto.base64url(rsa_n), e = crypto.base64url(rsa_e) }
  eq(rsa_decrypt(crypto.rsa_encrypt(jwk, "a", "pkcs1"), "pkcs1"), "a")
  eq(rsa_decrypt(crypto.rsa_encrypt({ n = hex(rsa_n), e = "10001", hex = true }, "b", "pkcs1"), "pkcs1"), "b")
  eq(rsa_decrypt(crypto.rsa_encrypt(rsa_pkcs1_pem, "c", "pkcs1"), "pkcs1"), "c")
  local bare = rsa_pem:gsub("%-%-%-%-%-[^-]+%-%-%-%-%-", "")
  eq(rsa_decrypt(crypto.rsa_encrypt(bare, "d", "pkcs1"), "pkcs1"), "d")
end)

case("RSA: opaque, refusals", function()
  eq(rsa_decrypt(reveal(crypto.rsa_encrypt(rsa_pem, secret("pw"), "pkcs1")), "pkcs1"), "pw")
  refused("adapter.parse", "too long", crypto.rsa_encrypt(rsa_pem, ("x"):rep(118), "pkcs1"))
  refused("adapter.parse", "too long", crypto.rsa_encrypt(rsa_pem, ("x"):rep(87), "oaep"))
  refused("adapter.parse", "not a public RSA key", crypto.rsa_encrypt("nothing", "x"))
  refused("adapter.parse", "not a public RSA key", crypto.rsa_encrypt({ n = "AQAB", e = "AQAB" }, "x"))
  refused("adapter.parse", "not a public RSA key", crypto.rsa_encrypt({ n = "*", e = "AQAB" }, "x"))
  raises("invalid option", crypto.rsa_encrypt, rsa_pem, "x", "none")
end)

case("one-time codes", function()
  local sha1 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
  eq(crypto.totp(sha1, 59, 8), "94287082")
  eq(crypto.totp(sha1, 1111111109, 8), "07081804")
  eq(crypto.totp(sha1, 20000000000, 8), "65353130")
  eq(crypto.totp("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA", 59, 8, 30, "sha256"), "46119246")
  eq(crypto.totp("gezd gnbv gy3t qojq gezd gnbv gy3t qojq", 59), "287082")
  eq(crypto.totp(sha1), crypto.totp(sha1, 1795505405))
  eq(reveal(crypto.totp(secret(sha1), 59)), "287082")
  refused("adapter.parse", "base32", crypto.totp("1!", 59))
  refused("adapter.parse", "base32", crypto.totp("", 59))
  raises("digits", crypto.totp, sha1, 59, 9)
end)
