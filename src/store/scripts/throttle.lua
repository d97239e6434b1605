-- throttle: a platform has refused a request (429), so no instance of the region sends one for as long as it asked, and
-- for twice as long with every further refusal in a row. A refusal while all wait is of a request that was under way:
-- it is no further one, so carrying this out twice changes nothing either.
-- KEYS  1 hold (hash: until, in ms; refusals in a row)
-- ARGV  1 ms that the platform asked to wait, 2 ms on top, by chance, 3 the most to wait for one refusal, in ms
-- Answers how long all wait now, in ms.

local DOUBLINGS = 4
local REMEMBERED_MS = 600000 -- how long refusals count as in a row after the wait if nobody sends anything

local hold = KEYS[1]
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local held_ms, refusals = unpack(redis.call('HMGET', hold, 'until', 'refusals'))
held_ms, refusals = tonumber(held_ms or '0'), tonumber(refusals or '0')

if now_ms >= held_ms then refusals = refusals + 1 end
local asked_ms = tonumber(ARGV[1]) * 2 ^ math.min(math.max(refusals - 1, 0), DOUBLINGS)
local wait_ms = math.max(held_ms - now_ms, math.min(asked_ms, tonumber(ARGV[3])) + tonumber(ARGV[2]))
redis.call('HSET', hold, 'until', string.format('%.0f', now_ms + wait_ms), 'refusals', refusals)
redis.call('PEXPIRE', hold, string.format('%.0f', wait_ms + REMEMBERED_MS))
return wait_ms
