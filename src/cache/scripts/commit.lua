-- commit: stores an agent's record if nobody changed it meanwhile, and moves the agent in its queues.
-- KEYS  1 agents, 2 calls, then the agent's queues, then those it leaves
-- ARGV  1 agent, 2 version expected ("0": none yet), 3 record without its version, 4 how many queues it leaves,
--       5 how many claims are told of that hold the agent for so many ms more, by another region's word,
--       then the unit and the ms of each, then calls to remember, each followed by its fence
-- Answers {"stored", record} or {"conflict", the record that is there, or ""}.
--include record
--include calls

local agents, id = KEYS[1], ARGV[1]
local there = redis.call('HGET', agents, id)
local version = there and string.match(there, '^%d+') or '0'
if version ~= ARGV[2] then return { 'conflict', there or '' } end

local now_ms, now_us = clock()
local r = parse(version .. ' ' .. ARGV[3])
local told = 6 + 2 * tonumber(ARGV[5])
for i = 6, told - 1, 2 do
  local held = ARGV[i] == 'voice' and r or unit_named(r.units, ARGV[i])
  if held then held.lock = now_ms + tonumber(ARGV[i + 1]) end
end
local line = store(agents, id, r, now_us)
local stays = #KEYS - tonumber(ARGV[4])
for i = 3, stays do place(KEYS[i], id, r, now_ms) end
for i = stays + 1, #KEYS do redis.call('ZREM', KEYS[i], id) end
for i = told, #ARGV, 2 do
  -- A call that holds an agent keeps it, whatever is heard late of another.
  local other, known = recall(KEYS[2], ARGV[i])
  if not (other and other ~= id and is_held(agents, other, known, now_ms)) then
    remember(KEYS[2], agents, ARGV[i], id, ARGV[i + 1], now_ms, now_us)
  end
end
return { 'stored', line }
