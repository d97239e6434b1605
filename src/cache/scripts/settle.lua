-- settle: moves a claim on to its next state; what that is was decided in src/agent/claim.ts.
-- KEYS  1 agents, 2 changes, then the agent's queues
-- ARGV  1 agent, 2 version expected, 3 fence, 4 state, 5 the region that granted it in the home's stead, or "-",
--       6 lock ms from now (0: none), 7 call, 8 queue name, 9 when the interaction was completed: ms, "now" or "",
--       10 ms from then until the agent is free again, 11 arrival but for the claim, 12 ms from availability to arrival,
--       13 the unit that is claimed, 14 the record's units with this one, for a record that is without it
-- Answers {"settled", record}, {"conflict", the record that is there, or ""} or {"fenced", record} for a lower fence.
-- A higher fence than the record's is a lock lost in a failover: it is made again.
--include record
--include changes

local agents, id, fence = KEYS[1], ARGV[1], tonumber(ARGV[3])
local there = redis.call('HGET', agents, id)
if not there then return { 'conflict', '' } end
local r = parse(there)
local held = ARGV[13] == 'voice' and r or unit_named(r.units, ARGV[13])
if held and fence < held.fence then return { 'fenced', there } end
if int(r.version) ~= ARGV[2] then return { 'conflict', there } end
if not held then
  -- The capacity has shrunk, or a failover has taken the unit's claim: nobody is given the unit, but it may end in peace.
  r.units = parse_units(ARGV[14])
  held = unit_named(r.units, ARGV[13])
end

local now_ms, now_us = clock()
local lock_ms = tonumber(ARGV[6])
r.hold = 0
held.fence, held.claim, held.by, held.call, held.queue = fence, ARGV[4], ARGV[5], ARGV[7], ARGV[8]
held.lock = lock_ms > 0 and now_ms + lock_ms or 0
held.end_ms = held.lock
if ARGV[9] ~= '' then
  -- Who wraps up comes back behind those who were waiting when that is over.
  local at = ARGV[9] == 'now' and now_ms or tonumber(ARGV[9])
  held.completed = math.max(held.completed, at + tonumber(ARGV[10]))
end
r.arrival = math.max(tonumber(ARGV[11]), held.completed + tonumber(ARGV[12]))
local line = store(agents, id, r, now_us)
note(KEYS[2], id, claim_of(ARGV[13], held))
for i = 3, #KEYS do place(KEYS[i], id, r, now_ms) end
return { 'settled', line }
