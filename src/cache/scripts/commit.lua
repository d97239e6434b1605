-- commit: stores an agent's record if nobody changed it meanwhile, and moves the agent in its queues.
-- KEYS  1 agents, 2 calls, 3 changes, 4 roster, then the agent's queues, then those it leaves
-- ARGV  1 agent, 2 version expected ("0": none yet), 3 record without its version, 4 how many queues it leaves,
--       5 how many claims are told of that hold the agent for so many ms more, by another region's word,
--       6 the claims that moved (as changes.lua has them, each with a ";" behind it), then the unit and the ms of each
--       claim that is told of, then calls to remember, each followed by its fence
-- Answers {"stored", record} or {"conflict", the record that is there, or ""}.
--include record
--include calls
--include changes

local agents, id = KEYS[1], ARGV[1]
local there = redis.call('HGET', agents, id)
local version = there and string.match(there, '^%d+') or '0'
if version ~= ARGV[2] then return { 'conflict', there or '' } end

local now_ms, now_us = clock()
local r = parse(version .. ' ' .. ARGV[3])
local told = 7 + 2 * tonumber(ARGV[5])
for i = 7, told - 1, 2 do
  local held = ARGV[i] == 'voice' and r or unit_named(r.units, ARGV[i])
  if held then held.lock = now_ms + tonumber(ARGV[i + 1]) end
end
local line = store(agents, id, r, now_us)
if not there then redis.call('ZADD', KEYS[4], 0, id) end
if ARGV[6] == '' then note(KEYS[3], id) end
for claim in string.gmatch(ARGV[6], '[^;]+') do note(KEYS[3], id, claim) end
local stays = #KEYS - tonumber(ARGV[4])
for i = 5, stays do place(KEYS[i], id, r, now_ms) end
for i = stays + 1, #KEYS do redis.call('ZREM', KEYS[i], id) end
for i = told, #ARGV, 2 do
  -- A call that holds an agent keeps it, whatever is heard late of another.
  local other, known = recall(KEYS[2], ARGV[i])
  if not (other and other ~= id and is_held(agents, other, known, now_ms)) then
    remember(KEYS[2], agents, ARGV[i], id, ARGV[i + 1], now_ms, now_us)
  end
end
return { 'stored', line }
