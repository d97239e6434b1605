-- publish: appends messages to a partition, all or none; none if it is full.
-- KEYS  1 stream, 2 progress (hash: "published" -> last id, "read:<region>" -> last id that the region committed)
-- ARGV  1 stream length at which it is full, then key, headers and value of each message
-- Answers 1, or 0 if it is full. An id is <ms>-<n>: the time, and the number of messages ever published, including this one.

if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end

local ms, n = string.match(redis.call('HGET', KEYS[2], 'published') or '0-0', '(%d+)-(%d+)')
local now = redis.call('TIME')
ms = math.max(tonumber(ms), now[1] * 1000 + math.floor(now[2] / 1000))
local id
for i = 2, #ARGV, 3 do
  n = n + 1
  id = string.format('%.0f-%.0f', ms, n)
  redis.call('XADD', KEYS[1], id, 'key', ARGV[i], 'headers', ARGV[i + 1], 'value', ARGV[i + 2])
end
redis.call('HSET', KEYS[2], 'published', id)
return 1
