-- flip: changes the format of a domain's store. From now on every script writes records in the new one.
-- KEYS  1 store
-- ARGV  1 number of the new format
-- Answers 1 if it changed; 0 if the store has that format already. The store's field `mixed` then names the other format, which
-- records may still have, and `flips` counts.
--include layout
--include writes
--include format

local wrong = wrong_format(KEYS[1])
if wrong then return wrong end
-- In any case, so that a repeated call is acknowledged by a replica, too.
count_write(KEYS[1])
if ARGV[1] == FORMAT then return 0 end
redis.call('HSET', KEYS[1], 'format', ARGV[1], 'mixed', FORMAT)
redis.call('HINCRBY', KEYS[1], 'flips', 1)
return 1
