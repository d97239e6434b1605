-- affirm: writes an unchanged record again, so that an acknowledgement of this write covers everything in the record.
-- KEYS  1 agents, 2 store
-- ARGV  1 agent, 2 expected version
-- Answers {"settled", header} or {"conflict"}.
--include record
--include writes
--include format

local wrong = wrong_format(KEYS[2])
if wrong then return wrong end

local agents, id = KEYS[1], ARGV[1]
local there = header_of(agents, id)
local r = there and parse(there)
if not r or int(r.version) ~= ARGV[2] then return { 'conflict' } end
local _, now_us = clock()
local header = write_anew(r, now_us)
count_write(KEYS[2])
redis.call('HSET', agents, id, header)
return { 'settled', header }
