-- format: compares the format of a domain's store (its field `format`; none: the oldest) with the one that this script is for. Every
-- script of a domain does so first.

-- The answer of the script if they differ: the error "FORMAT 4", after which the caller repeats it with the right script.
local function wrong_format(store)
  local format = redis.call('HGET', store, 'format') or OLDEST
  if format ~= FORMAT then return redis.error_reply('FORMAT ' .. format) end
end
