-- beat: takes the region's next beat, a number higher than every one taken before. It follows the shard's clock, so
-- that it goes on growing after a failover that lost the latest, and does not go back when that clock does.
-- KEYS  1 the latest beat
-- ARGV  1 the highest beat that the instance knows
-- Answers the beat.

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local latest = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[1]))
local beat = math.max(latest + 1, now_ms)
redis.call('SET', KEYS[1], string.format('%.0f', beat))
return beat
