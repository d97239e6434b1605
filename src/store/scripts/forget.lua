-- forget: removes the record of a forgotten agent.
-- KEYS  1 agents, 2 facets, 3 agent directory, 4 store
-- ARGV  1 agent, 2 expected version
-- Answers 1 if it did; 0 if the record has changed, the agent is not forgotten, or a claim still holds the agent.
--include record
--include writes
--include format

local wrong = wrong_format(KEYS[4])
if wrong then return wrong end

local agents, id = KEYS[1], ARGV[1]
local there = header_of(agents, id)
local r = there and parse(there)
if not r or int(r.version) ~= ARGV[2] or string.byte(there, VOICE) ~= FORGOTTEN then return 0 end
local now_ms = clock()
if r.lock > now_ms then return 0 end
for _, u in ipairs(r.units and r.units.list or {}) do
  if u.lock > now_ms then return 0 end
end
count_write(KEYS[4])
redis.call('HDEL', agents, id)
redis.call('HDEL', KEYS[2], id)
redis.call('ZREM', KEYS[3], id)
return 1
