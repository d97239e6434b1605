-- leave: frees all leases of an instance and removes the instance, so that others take over at once.
-- KEYS  1 instances, then the lease of every number from 0 (see lease.lua)
-- ARGV  1 instance
-- Answers nothing.

redis.call('ZREM', KEYS[1], ARGV[1])
for i = 2, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[1] then redis.call('DEL', KEYS[i]) end
end
