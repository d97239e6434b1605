-- partitions: answers the number of partitions of a topic, and fixes it if nothing was ever published.
-- KEYS  1 the number, a string; then the progress of each possible partition, from 0 on (see publish.lua)
-- ARGV  1 the number to fix, or 0 to change nothing
-- Answers the number, or 0 if none is fixed.

local wanted = tonumber(ARGV[1])
local settled = tonumber(redis.call('GET', KEYS[1]) or '0')
if settled > 0 then return settled end

-- Older versions stored no number, but every region publishes a heartbeat to every partition each second.
local used = 0
for i = 2, #KEYS do
  if redis.call('HEXISTS', KEYS[i], 'published') == 1 then used = i - 1 end
end
-- A lower count may come from a bus whose partitions are not all in use yet: do not store it.
if wanted > 0 and (used == 0 or used == wanted) then redis.call('SET', KEYS[1], ARGV[1]) end
if used == 0 then return wanted end
return used
