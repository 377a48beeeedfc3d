-- Rate limits, in memory: a bucket of tokens for each key that refills with time.
local limit = {}
local MOST = 100000
local buckets, count, swept = {}, 0, 0

-- Old buckets are full again and say nothing. Where there are too many others, all begin anew: memory is bounded, and so is this work.
local function sweep(now)
  if math.abs(now - swept) >= 1 then
    for key, bucket in pairs(buckets) do
      if bucket.full <= now then
        buckets[key] = nil
        count = count - 1
      end
    end
    swept = now
  end
  if count >= MOST then buckets, count = {}, 0 end
end

-- Takes one of `most` in each `seconds` for key: true; or false and the seconds until there is one again.
function limit.take(key, most, seconds)
  local now, per = host.now() / 1000000, seconds / most
  local bucket = buckets[key]
  if not bucket then
    if count >= MOST then sweep(now) end
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

function limit.count() return count end

return limit
