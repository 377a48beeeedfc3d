-- The pattern of an adapter on a page of one line and very many words.
-- expect: policy.budget
-- within: 600 ms
local s = ...
return s:get("/words"):match([[(?i)(email|password).*(incorrect|not match)]])
