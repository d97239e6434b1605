-- align: corrects an agent's entry in a queue by the agent's record, if the record is still the one that was compared.
-- KEYS  1 agents, 2 queue, 3 store
-- ARGV  1 agent, 2 version compared ("0": no record), 3 "1" if the queue is one of the agent's
-- Answers 1 if the entry changed; 0 if not, or if the record has changed since.
--include record
--include writes
--include format

local wrong = wrong_format(KEYS[3])
if wrong then return wrong end

local agents, queue, id = KEYS[1], KEYS[2], ARGV[1]
local header = header_of(agents, id)
local r = header and parse(header) or nil
if (r and int(r.version) or '0') ~= ARGV[2] then return 0 end

count_write(KEYS[3])
local before = redis.call('ZSCORE', queue, id)
local now_ms = clock()
place(queue, id, ARGV[3] == '1' and header, now_ms, int(now_ms))
return redis.call('ZSCORE', queue, id) == before and 0 or 1
