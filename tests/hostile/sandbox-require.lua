-- require of what is no module of the engine.
-- expect: refused
-- within: 500 ms
-- says: no module
return require("lfs")
