-- sweep: removes old entries from the register of calls, a part of it at a time. An entry stays while its claim holds the agent.
-- KEYS  1 agents, 2 calls, 3 store
-- ARGV  1 cursor, "0" to begin, 2 approximate number of entries, 3 ms for which entries are kept
-- Answers {next cursor, "0" at the end, number of entries removed}.
--include record
--include calls
--include writes
--include format

local wrong = wrong_format(KEYS[3])
if wrong then return wrong end

local now_ms = clock()
local next_cursor, entries = unpack(redis.call('HSCAN', KEYS[2], ARGV[1], 'COUNT', ARGV[2]))
local old = {}
for i = 1, #entries, 2 do
  local call, text = entries[i], entries[i + 1]
  local entry = read_call(text)
  local is_old = not entry or tonumber(string.match(text, '^%d+')) < now_ms - tonumber(ARGV[3])
  local header = is_old and entry and header_of(KEYS[1], entry.agent)
  if is_old and not (header and live_claim(header, call, entry.fence, now_ms)) then old[#old + 1] = call end
end
if #old > 0 then
  count_write(KEYS[3])
  redis.call('HDEL', KEYS[2], unpack(old))
end
return { next_cursor, #old }
