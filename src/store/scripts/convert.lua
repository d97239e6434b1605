-- convert: writes records of another format in the format of the store.
-- KEYS  1 agents, 2 store
-- ARGV  the agents
-- Answers the number of records that it changed. They keep their versions: nothing but the form changes.
--include record
--include writes
--include format

local wrong = wrong_format(KEYS[2])
if wrong then return wrong end
local headers, changed = redis.call('HMGET', KEYS[1], unpack(ARGV)), {}
for i = 1, #ARGV do
  local header = current(headers[i])
  if header ~= headers[i] then changed[#changed + 1], changed[#changed + 2] = ARGV[i], header end
end
if #changed == 0 then return 0 end
count_write(KEYS[2])
redis.call('HSET', KEYS[1], unpack(changed))
return #changed / 2
