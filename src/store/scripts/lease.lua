-- lease: renews an instance's presence and its leases, frees those it hands back, and takes free ones up to its share.
-- KEYS  1 instances (sorted set: instance -> alive until, in ms), then the lease of every number from 0
-- ARGV  1 instance, 2 time to live in ms, 3 "take" or "retire" (takes no new leases and does not count as alive), then the
--       numbers that it hands back
-- Answers {its share, number of other live instances, numbers it holds...}. A lease is a string with the holder's name and a
-- time to live.

local instance, ttl_ms = ARGV[1], tonumber(ARGV[2])
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZREM', KEYS[1], instance)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_ms)
local others = redis.call('ZCARD', KEYS[1])
if ARGV[3] == 'take' then
  redis.call('ZADD', KEYS[1], now_ms + ttl_ms, instance)
  redis.call('PEXPIRE', KEYS[1], ttl_ms)
end
local share = math.ceil((#KEYS - 1) / (others + 1))

local hands_back = {}
for i = 4, #ARGV do hands_back[tonumber(ARGV[i])] = true end

local held, free = {}, {}
for i = 2, #KEYS do
  local holder, number = redis.call('GET', KEYS[i]), i - 2
  if holder == instance and hands_back[number] then
    redis.call('DEL', KEYS[i])
  elseif holder == instance then
    redis.call('PEXPIRE', KEYS[i], ttl_ms)
    table.insert(held, number)
  elseif not holder then
    table.insert(free, number)
  end
end

for _, number in ipairs(free) do
  if ARGV[3] ~= 'take' or #held >= share then break end
  redis.call('SET', KEYS[number + 2], instance, 'PX', ttl_ms)
  table.insert(held, number)
end

return { share, others, unpack(held) }
