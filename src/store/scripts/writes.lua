-- writes: counts the script calls that write, in the domain's store (unpublished.lua describes its fields). A store whose count is lower
-- than it was has lost writes.

local has_counted = false

-- Call before the first write. Where the memory is full this fails, so that nothing else is written either: Redis would allow the
-- rest of a script that has begun with a command that takes no memory.
local function count_write(store)
  if has_counted then return end
  redis.call('HINCRBY', store, 'writes', 1)
  has_counted = true
end
