-- meterkey.log
local log = require "meterkey.log"

case("levels, and values as tostring shows them", function()
  log.debug("a", 1, true, nil)
  log.info("password", secret("hunter2"))
  log.warn()
  log.error(2.5)
  eq(logged(), "debug a 1 true nil\ninfo password ***\nwarn \nerror 2.5\n")
end)

case("a long line is cut", function()
  log.info(("x"):rep(10000), "rest")
  eq(#logged() <= 4096, true)
end)
