-- throttle: after a refusal of the platform (429), makes all instances of the region wait for as long as it asked, and twice as
-- long for each further consecutive refusal. A refusal during the wait belongs to a request sent before it and does not
-- count, so running this script twice changes nothing.
-- KEYS  1 wait (hash: until, in ms; consecutive refusals)
-- ARGV  1 ms that the platform asked to wait, 2 random addition in ms, 3 longest wait for one refusal, in ms
-- Answers the remaining wait, in ms.

local DOUBLINGS = 4
local REMEMBERED_MS = 600000 -- how long after the wait refusals still count as consecutive

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
