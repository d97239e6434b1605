-- settle: moves a claim to its next state, which src/agent/claim.ts has decided.
-- KEYS  1 agents, 2 changes, 3 calls, 4 ends, 5 store, then the agent's queues
-- ARGV  1 the settlement, as JSON:
--       id, version          the agent, and the expected version
--       unit, fence, state, by, call, queue, reason   the claim: its unit, and its fields as in the record
--       lock_ms              lock from now on, in ms; 0: none
--       completed, rest_ms   when the interaction was completed, in ms or "now", and ms from then until the agent is free again
--       arrival, bonus_ms    arrival without this claim, and ms from availability to arrival
--       goes_behind          whether the agent is placed behind all who wait
--       only_lapsed          whether to end only a lapsed claim
--       superseded_by        {agent, fence} of the claim that supersedes this one
--       most_waiting         see changes.lua
--       units                the record's units including this one, in case the record lacks it
-- Answers {"settled", header}, {"conflict"}, or {"fenced", header} for a lower fence.
-- A fence that is higher than the record's belongs to a claim that a failover lost: it is restored.
--include record
--include calls
--include changes
--include ends
--include writes
--include format

local wrong = wrong_format(KEYS[5])
if wrong then return wrong end

local s = cjson.decode(ARGV[1])
local agents, id = KEYS[1], s.id
local there = header_of(agents, id)
if not there then return { 'conflict' } end
local r = parse(there)
local held = s.unit == 'voice' and r or unit_named(r.units, s.unit)
if held and s.fence < held.fence then return { 'fenced', there } end
if int(r.version) ~= s.version then return { 'conflict' } end
if not held then
  -- The capacity shrank, or a failover lost the unit's claim. The unit is restored for this claim only.
  r.units = parse_units(s.units)
  held = unit_named(r.units, s.unit)
  if string.byte(r.voice) ~= FORGOTTEN then r.voice = string.char(UNITS) end
end

local now_ms, now_us = clock()
if s.only_lapsed and held.lock > now_ms then return { 'conflict' } end
r.hold = 0
held.fence, held.claim, held.by, held.call, held.queue, held.reason = s.fence, s.state, s.by, s.call, s.queue, s.reason
held.lock = s.lock_ms > 0 and now_ms + s.lock_ms or 0
held.end_ms = held.lock

-- The arrival of the last agent who waits in this queue.
local function last_arrival(queue)
  local last = redis.call(
    'ZRANGE', queue, '(' .. CLAIMED_TEXT, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, 1, 'WITHSCORES')
  return last[2] and tonumber(last[2]) % STEP or 0
end

if s.completed then
  -- After wrap-up the agent is placed behind those who were waiting when it ended.
  local at = s.completed == 'now' and now_ms or s.completed
  held.completed = math.max(held.completed, at + s.rest_ms)
end
if s.goes_behind then
  held.completed = math.max(held.completed, now_ms)
  for i = 6, #KEYS do held.completed = math.max(held.completed, last_arrival(KEYS[i]) + 1 - s.bonus_ms) end
end
r.arrival = math.max(s.arrival, held.completed + s.bonus_ms)
local header = write_anew(r, now_us)
count_write(KEYS[5])
redis.call('HSET', agents, id, header)
note_own_claim({ key = KEYS[2], store = KEYS[5], most = s.most_waiting }, id, claim_of(s.unit, held))
ends_at(KEYS[4], id, s.unit, held)
for i = 6, #KEYS do place(KEYS[i], id, header, now_ms, int(now_ms)) end

-- The call's entry outlives the claim, so it must reflect the claim's end.
local entry = read_call(redis.call('HGET', KEYS[3], s.call))
if entry and entry.agent == id and entry.fence == int(s.fence) then
  if s.reason == 'refused' then entry.declined = and_declined(entry.declined, id) end
  if s.superseded_by then
    entry = { agent = s.superseded_by[1], fence = int(s.superseded_by[2]), wish = '-', declined = entry.declined }
  end
  redis.call('HSET', KEYS[3], s.call, write_call(entry, now_ms))
end
return { 'settled', header }
