-- lapsed: finds lapsed claims that this region granted, and corrects wrong entries of the list of ends.
-- KEYS  1 agents, 2 ends, 3 store
-- ARGV  1 region, 2 limit
-- Answers {{agent, unit}, ...}: claims that settle must end.
--include record
--include ends
--include writes
--include format

local wrong = wrong_format(KEYS[3])
if wrong then return wrong end

local agents, ends, region = KEYS[1], KEYS[2], ARGV[1]
local now_ms = clock()
local over = {}
for _, member in ipairs(redis.call('ZRANGE', ends, '-inf', int(now_ms), 'BYSCORE', 'LIMIT', 0, ARGV[2])) do
  local id, unit = string.match(member, '^(%S+) (%S+)$')
  local header = header_of(agents, id)
  local r = header and parse(header)
  local held = r and (unit == 'voice' and r or unit_named(r.units, unit))
  local is_ours = held and (held.by == region or held.by == '-' and r.home == region)
  if is_ours and held.lock <= now_ms and is_running(held) then over[#over + 1] = { id, unit }
  else
    count_write(KEYS[3])
    if is_ours then ends_at(ends, id, unit, held) else redis.call('ZREM', ends, member) end
  end
end
return over
