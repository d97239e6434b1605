-- affirm: writes a record once more as it is, so that what a replica acknowledges of this answer includes all it tells.
-- KEYS  1 agents
-- ARGV  1 agent, 2 version expected
-- Answers {"settled", record} or {"conflict", the record that is there, or ""}.
--include record

local agents, id = KEYS[1], ARGV[1]
local there = redis.call('HGET', agents, id)
local r = there and parse(there)
if not r or int(r.version) ~= ARGV[2] then return { 'conflict', there or '' } end
local _, now_us = clock()
return { 'settled', store(agents, id, r, now_us) }
