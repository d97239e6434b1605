-- ends: when the claims that this region granted lapse, so that each lapse is told: a sorted set, "agent unit" -> ms by
-- this shard's clock. One entry for a unit: the claim that is on record.

-- Whether a claim has not ended, whatever the time is.
local function is_running(held) return held.claim == 'HELD' or held.claim == 'CONFIRMED' end

local function ends_at(ends, id, unit, held)
  if is_running(held) and held.lock > 0 then redis.call('ZADD', ends, int(held.lock), id .. ' ' .. unit)
  else redis.call('ZREM', ends, id .. ' ' .. unit) end
end
