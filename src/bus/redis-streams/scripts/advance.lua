-- advance: moves a region's position forward, and trims the messages that every region has read.
-- KEYS  1 stream, 2 progress (see publish.lua)
-- ARGV  1 region, 2 expected position, 3 new position, then all regions of the config
-- Answers the region's position: the new one, or the stored one if it is not the expected one.

local progress, field = KEYS[2], 'read:' .. ARGV[1]
local there = redis.call('HGET', progress, field) or '0-0'
if there ~= ARGV[2] then return there end
redis.call('HSET', progress, field, ARGV[3])

-- A region that never ran has no position: keep all messages for it.
for i = 4, #ARGV do
  if redis.call('HEXISTS', progress, 'read:' .. ARGV[i]) == 0 then return ARGV[3] end
end
local oldest_ms, oldest_n
local fields = redis.call('HGETALL', progress)
for i = 1, #fields, 2 do
  if string.sub(fields[i], 1, 5) == 'read:' then
    local ms, n = string.match(fields[i + 1], '(%d+)-(%d+)')
    ms, n = tonumber(ms), tonumber(n)
    if not oldest_ms or ms < oldest_ms or (ms == oldest_ms and n < oldest_n) then oldest_ms, oldest_n = ms, n end
  end
end
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f-%.0f', oldest_ms, oldest_n + 1))
return ARGV[3]
