#!/x
local f = load(("x"):rep(9)) for k, v in pairs(_G) do _G[k] = nil end return { [1] = 0x1p4, ["id"] = 1.5 }