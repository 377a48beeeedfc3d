-- Coroutine after coroutine, each an endless loop.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
while true do
  local co = coroutine.create(function() while true do end end)
  pcall(coroutine.resume, co)
end
