-- partitions: says how many partitions a topic has, and settles it where nothing was ever published.
-- KEYS  1 their number, a string; then the progress of each partition that there can be, from 0 on (see publish.lua)
-- ARGV  1 the number to settle on, or 0 to change nothing
-- Answers the number, or 0 where none is settled.

local wanted = tonumber(ARGV[1])
local settled = tonumber(redis.call('GET', KEYS[1]) or '0')
if settled > 0 then return settled end

-- Versions that kept no number published to every partition, as a region says each second on all of them that it is there.
local used = 0
for i = 2, #KEYS do
  if redis.call('HEXISTS', KEYS[i], 'published') == 1 then used = i - 1 end
end
-- A lower number than wanted may be of a bus that is just being filled: it is not kept.
if wanted > 0 and (used == 0 or used == wanted) then redis.call('SET', KEYS[1], ARGV[1]) end
if used == 0 then return wanted end
return used
