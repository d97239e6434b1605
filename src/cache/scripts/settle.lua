-- settle: moves a claim on to its next state; what that is was decided in src/agent/claim.ts.
-- KEYS  1 agents, then the agent's queues
-- ARGV  1 agent, 2 version expected, 3 fence, 4 state, 5 lock ms from now (0: none), 6 call, 7 queue name,
--       8 "1" if the interaction counts as completed now, 9 arrival but for the claim, 10 ms from availability to arrival
-- Answers {"settled", record}, {"conflict", the record that is there, or ""} or {"fenced", record} for a lower fence.
-- A higher fence than the record's is a lock lost in a failover: it is made again.
--include record

local agents, id, fence = KEYS[1], ARGV[1], tonumber(ARGV[3])
local there = redis.call('HGET', agents, id)
if not there then return { 'conflict', '' } end
local r = parse(there)
if fence < r.fence then return { 'fenced', there } end
if int(r.version) ~= ARGV[2] then return { 'conflict', there } end

local now_ms, now_us = clock()
local lock_ms = tonumber(ARGV[5])
r.fence, r.claim, r.hold, r.call, r.queue = fence, ARGV[4], 0, ARGV[6], ARGV[7]
r.lock = lock_ms > 0 and now_ms + lock_ms or 0
if ARGV[8] == '1' then r.completed = math.max(r.completed, now_ms) end
-- Who wraps up comes back behind those who were waiting when that is over.
local since = r.claim == 'WRAP_UP' and r.lock or r.completed
r.arrival = math.max(tonumber(ARGV[9]), since + tonumber(ARGV[10]))
local line = store(agents, id, r, now_us)
for i = 2, #KEYS do place(KEYS[i], id, r, now_ms) end
return { 'settled', line }
