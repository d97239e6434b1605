-- settle: moves a claim to its next state, which src/agent/claim.ts has decided.
-- KEYS  1 agents, 2 changes, 3 calls, 4 ends, then the agent's queues
-- ARGV  1 agent, 2 expected version, 3 fence, 4 state, 5 the region of a delegated grant, or "-",
--       6 lock ms from now (0: none), 7 call, 8 queue name, 9 when the interaction was completed: ms, "now" or "",
--       10 ms from then until the agent is free again, 11 arrival without this claim, 12 ms from availability to arrival,
--       13 the claimed unit, 14 end reason, or "-", 15 "behind" to place the agent behind all who wait,
--       16 "lapsed" to end only a lapsed claim, 17 and 18 agent and fence of the claim that supersedes this one, or "",
--       19 the record's units including this one, in case the record lacks it
-- Answers {"settled", record}, {"conflict", the stored record, or ""} or {"fenced", record} for a lower fence.
-- A fence that is higher than the record's belongs to a claim that a failover lost: it is restored.
--include record
--include calls
--include changes
--include ends

local agents, id, fence = KEYS[1], ARGV[1], tonumber(ARGV[3])
local there = redis.call('HGET', agents, id)
if not there then return { 'conflict', '' } end
local r = parse(there)
local held = ARGV[13] == 'voice' and r or unit_named(r.units, ARGV[13])
if held and fence < held.fence then return { 'fenced', there } end
if int(r.version) ~= ARGV[2] then return { 'conflict', there } end
if not held then
  -- The capacity shrank, or a failover lost the unit's claim. The unit is restored for this claim only.
  r.units = parse_units(ARGV[19])
  held = unit_named(r.units, ARGV[13])
end

local now_ms, now_us = clock()
if ARGV[16] == 'lapsed' and held.lock > now_ms then return { 'conflict', there } end
local lock_ms = tonumber(ARGV[6])
r.hold = 0
held.fence, held.claim, held.by, held.call, held.queue = fence, ARGV[4], ARGV[5], ARGV[7], ARGV[8]
held.reason = ARGV[14]
held.lock = lock_ms > 0 and now_ms + lock_ms or 0
held.end_ms = held.lock

-- The arrival of the last agent who waits in this queue.
local function last_arrival(queue)
  local last = redis.call(
    'ZRANGE', queue, '(' .. int(CLAIMED), '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, 1, 'WITHSCORES')
  return last[2] and tonumber(last[2]) % STEP or 0
end

if ARGV[9] ~= '' then
  -- After wrap-up the agent is placed behind those who were waiting when it ended.
  local at = ARGV[9] == 'now' and now_ms or tonumber(ARGV[9])
  held.completed = math.max(held.completed, at + tonumber(ARGV[10]))
end
local bonus_ms = tonumber(ARGV[12])
if ARGV[15] == 'behind' then
  held.completed = math.max(held.completed, now_ms)
  for i = 5, #KEYS do held.completed = math.max(held.completed, last_arrival(KEYS[i]) + 1 - bonus_ms) end
end
r.arrival = math.max(tonumber(ARGV[11]), held.completed + bonus_ms)
local line = store(agents, id, r, now_us)
note(KEYS[2], id, claim_of(ARGV[13], held))
ends_at(KEYS[4], id, ARGV[13], held)
for i = 5, #KEYS do place(KEYS[i], id, r, now_ms) end

-- The call's entry outlives the claim, so it must reflect the claim's end.
local call = ARGV[7]
local entry = recall(KEYS[3], call)
if entry and entry.agent == id and entry.fence == ARGV[3] then
  if ARGV[14] == 'refused' then entry.declined = and_declined(entry.declined, id) end
  if ARGV[17] ~= '' then entry = { agent = ARGV[17], fence = ARGV[18], wish = '-', declined = entry.declined } end
  remember(KEYS[3], agents, call, entry, now_ms, now_us)
end
return { 'settled', line }
