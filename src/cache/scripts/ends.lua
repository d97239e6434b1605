-- ends: when the claims that this region granted lapse, so that each lapse is told: a sorted set, "agent unit" -> ms by
-- this shard's clock. One entry for a unit: the claim that is on record.

local function ends_at(ends, id, unit, held)
  local is_running = held.claim == 'HELD' or held.claim == 'CONFIRMED'
  if is_running and held.lock > 0 then redis.call('ZADD', ends, int(held.lock), id .. ' ' .. unit)
  else redis.call('ZREM', ends, id .. ' ' .. unit) end
end
