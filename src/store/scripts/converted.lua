-- converted: notes that all records of a domain have the format of the store.
-- KEYS  1 store
-- ARGV  1 the number of flips that were counted before the first record was converted
-- Answers 1 if it did; 0 if the format has changed since.
--include layout
--include writes
--include format

local wrong = wrong_format(KEYS[1])
if wrong then return wrong end
if redis.call('HGET', KEYS[1], 'flips') ~= ARGV[1] then return 0 end
count_write(KEYS[1])
redis.call('HDEL', KEYS[1], 'mixed')
return 1
