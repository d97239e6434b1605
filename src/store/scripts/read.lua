-- read: reads whole records: headers and facets as of one moment.
-- KEYS  1 agents, 2 facets
-- ARGV  the agents
-- Answers {headers, facets}, in the order of the arguments; nil for those without a record.

return { redis.call('HMGET', KEYS[1], unpack(ARGV)), redis.call('HMGET', KEYS[2], unpack(ARGV)) }
