-- An endless loop at the top level of the adapter, before there is a session.
-- expect: refused
-- within: 2600 ms
-- adapter: whole
while true do end
return {}
