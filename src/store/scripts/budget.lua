-- budget: takes a permit for a request to a platform, from the request budget that the region's instances share.
-- Requests are kept for one window, so no window of that length has more than the limit. "mirror" is the platform sync,
-- "reader" a platform reader. The headroom is reserved for readers. Readers may also use what the platform sync leaves,
-- except while it waits. Full reads may use only a part of the platform sync's requests.
-- KEYS  1 wait (hash, see throttle.lua), 2 requests of the platform sync, 3 of readers (sorted sets: request -> ms),
--       4 exists while the platform sync waits, 5 requests of full reads (sorted set)
-- ARGV  1 unique id of the request, 2 "mirror" or "reader", 3 limit, 4 headroom, 5 window ms,
--       6 consecutive refusals before a request that the platform accepted, or "0", 7 limit of full reads in a window if
--       the request is of one, or "0"
-- Answers {ms to wait before asking again, 0 if the request may go out; consecutive refusals}.

local PATIENCE_MS = 1000 -- a platform sync that still waits asks again within this time

local hold, waiting, reading, request, is_mirror = KEYS[1], KEYS[4], KEYS[5], ARGV[1], ARGV[2] == 'mirror'
local most_readings = tonumber(ARGV[7])
local limit, headroom, window_ms = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

local held_ms, refusals = unpack(redis.call('HMGET', hold, 'until', 'refusals'))
held_ms, refusals = tonumber(held_ms or '0'), tonumber(refusals or '0')
if now_ms < held_ms then return { held_ms - now_ms, refusals } end
if refusals > 0 and refusals == tonumber(ARGV[6]) then
  redis.call('HDEL', hold, 'refusals')
  refusals = 0
end

local sent = {}
for i = 2, 3 do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now_ms - window_ms)
  sent[i] = redis.call('ZCARD', KEYS[i])
end
local own = is_mirror and 2 or 3
if redis.call('ZSCORE', KEYS[own], request) then return { 0, refusals } end

-- Ms until the oldest `count` requests leave the window; the whole window if there are fewer.
local function until_over(key, count)
  local last = redis.call('ZRANGE', key, count - 1, count - 1, 'WITHSCORES')
  return tonumber(last[2] or now_ms) + window_ms - now_ms
end

-- A full read that waits for its own share must not delay other requests.
if most_readings > 0 then
  redis.call('ZREMRANGEBYSCORE', reading, '-inf', now_ms - window_ms)
  local readings = redis.call('ZCARD', reading)
  if readings >= most_readings then return { until_over(reading, readings + 1 - most_readings), refusals } end
end

local share = limit
if is_mirror then
  share = limit - headroom
elseif redis.call('EXISTS', waiting) == 1 then
  share = headroom
end
local wait_ms = 0
if sent[own] >= share then wait_ms = until_over(KEYS[own], sent[own] + 1 - share) end
if sent[2] + sent[3] >= limit then
  wait_ms = math.max(wait_ms, math.min(until_over(KEYS[2], 1), until_over(KEYS[3], 1)))
end
if wait_ms > 0 then
  if is_mirror then redis.call('SET', waiting, '1', 'PX', wait_ms + PATIENCE_MS) end
  return { wait_ms, refusals }
end
redis.call('ZADD', KEYS[own], now_ms, request)
redis.call('PEXPIRE', KEYS[own], window_ms)
if most_readings > 0 then
  redis.call('ZADD', reading, now_ms, request)
  redis.call('PEXPIRE', reading, window_ms)
end
return { 0, refusals }
