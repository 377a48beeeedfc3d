-- The primitives of Meterkey for plain Lua 5.4: `luarocks --lua-version 5.4 make` in a checkout.
rockspec_format = "3.0"
package = "meterkey"
version = "scm-1"
source = { url = "." }
description = {
  summary = "HTTP, cookies, HTML, regular expressions, JSON, URLs, crypto and time, as adapters of Meterkey have them",
  detailed = [[
The modules that adapters of Meterkey require (meterkey.http, .cookies, .regex, .html, .json, .url, .crypto, .time, .log), for
authors' own tools in plain Lua 5.4: without the sandbox, its limits and the journal. Requests block. Any https host may be
reached, private addresses and plain http only where the tool opens an origin.]],
}
dependencies = { "lua >= 5.4, < 5.5" }
supported_platforms = { "linux" }
build = {
  type = "make",
  makefile = "rockspec/rock.mk",
  build_variables = { CC = "$(CC)", CFLAGS = "$(CFLAGS)", LIBFLAG = "$(LIBFLAG)", LUA_INCDIR = "$(LUA_INCDIR)" },
  install_variables = { LIBDIR = "$(LIBDIR)" },
  copy_directories = {},
}
