-- ends: expiry times of the claims that this region granted, so that each lapse is reported. A sorted set: "agent unit" -> ms by
-- this shard's clock, with one entry for each unit that has a claim.

-- Whether a claim has not been ended. It may have lapsed.
local function is_running(held) return held.claim == 'HELD' or held.claim == 'CONFIRMED' end

local function ends_at(ends, id, unit, held)
  if is_running(held) and held.lock > 0 then redis.call('ZADD', ends, int(held.lock), id .. ' ' .. unit)
  else redis.call('ZREM', ends, id .. ' ' .. unit) end
end
