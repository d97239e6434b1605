-- read: reads whole records: headers and facets as of one moment.
-- KEYS  1 agents, 2 facets, 3 store
-- ARGV  the agents
-- Answers {headers, facets}, in the order of the arguments; nil for those without a record. Headers are answered as they are stored.
--include layout
--include format

local wrong = wrong_format(KEYS[3])
if wrong then return wrong end

return { redis.call('HMGET', KEYS[1], unpack(ARGV)), redis.call('HMGET', KEYS[2], unpack(ARGV)) }
