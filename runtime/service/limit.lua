-- Rate limits, in memory: a bucket of tokens for each key that refills with time.
local limit = {}
local buckets, count = {}, 0

-- Old buckets are full again and say nothing.
local function sweep(now)
  for key, bucket in pairs(buckets) do
    if bucket.full <= now then
      buckets[key] = nil
      count = count - 1
    end
  end
end

-- Takes one of `most` in each `seconds` for key: true; or false and the seconds until there is one again.
function limit.take(key, most, seconds)
  local now, per = host.now() / 1000000, seconds / most
  local bucket = buckets[key]
  if not bucket then
    if count >= 100000 then sweep(now) end
    bucket = { full = now }
    buckets[key], count = bucket, count + 1
  end
  -- So full only if the clock was set back: that would shut everybody out for as long.
  if bucket.full > now + seconds then bucket.full = now + seconds - per end
  local full = math.max(bucket.full, now) + per
  if full - now > seconds + 1e-9 then return false, math.ceil(full - now - seconds) end
  bucket.full = full
  return true
end

return limit
