-- waiting: counts the changes of a domain that wait until the relay has passed them.
-- KEYS  1 changes, 2 store
-- Answers {number of changes, position of the oldest or "0-0", number of own claims that were left out}.
--include layout
--include format
--include changes

local wrong = wrong_format(KEYS[2])
if wrong then return wrong end

local stream = { key = KEYS[1], store = KEYS[2] }
local known = redis.call('HMGET', stream.store, 'published', 'left_out')
local count, oldest = waiting_in(stream), '0-0'
if count > 0 then
  local entries = redis.call('XRANGE', stream.key, '(' .. (known[1] or '0-0'), '+', 'COUNT', 2)
  local first = entries[1] and entries[1][2][1] == 'g' and entries[2] or entries[1]
  if first then oldest = first[1] end
end
return { count, oldest, known[2] or '0' }
