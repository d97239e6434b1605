-- beat: takes the region's next heartbeat sequence number, higher than all before it. It follows the shard's clock, so it
-- grows even after a failover that lost the latest number, and never steps back with the clock.
-- KEYS  1 the latest number
-- ARGV  1 the highest number that the instance knows
-- Answers the number.

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local latest = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[1]))
local beat = math.max(latest + 1, now_ms)
redis.call('SET', KEYS[1], string.format('%.0f', beat))
return beat
