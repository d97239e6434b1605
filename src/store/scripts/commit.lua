-- commit: stores an agent's record if it has not changed meanwhile, and moves the agent in its queues.
-- KEYS  1 agents, 2 calls, 3 changes, 4 agent directory, 5 ends, then the agent's queues, then those it leaves
-- ARGV  1 agent, 2 expected version ("0": no record), 3 record without its version, 4 number of queues that it leaves,
--       5 number of claims whose remaining time another region reported,
--       6 the claims that changed (as in changes.lua, each followed by ";"), 7 this region, then unit and remaining ms of
--       each claim of argument 5, then call, fence and end reason, or "-", of each claim that changed
-- Answers {"stored", record} or {"conflict", the stored record, or ""}.
--include record
--include calls
--include changes
--include ends

local agents, id = KEYS[1], ARGV[1]
local there = redis.call('HGET', agents, id)
local version = there and string.match(there, '^%d+') or '0'
if version ~= ARGV[2] then return { 'conflict', there or '' } end

local now_ms, now_us = clock()
local r = parse(version .. ' ' .. ARGV[3])
local told = 8 + 2 * tonumber(ARGV[5])
for i = 8, told - 1, 2 do
  local held = ARGV[i] == 'voice' and r or unit_named(r.units, ARGV[i])
  if held then held.lock = now_ms + tonumber(ARGV[i + 1]) end
end
local line = store(agents, id, r, now_us)
if r.status == 'FORGOTTEN' then redis.call('ZREM', KEYS[4], id)
elseif not there or string.find(there, '^%d+ FORGOTTEN ') then redis.call('ZADD', KEYS[4], 0, id) end
if ARGV[6] == '' then note(KEYS[3], id) end
for claim in string.gmatch(ARGV[6], '[^;]+') do note(KEYS[3], id, claim) end
local stays = #KEYS - tonumber(ARGV[4])
for i = 6, stays do place(KEYS[i], id, r, now_ms) end
for i = stays + 1, #KEYS do redis.call('ZREM', KEYS[i], id) end

-- Whether the call's entry changes to this claim. It stays if its own claim was granted by this region, which must end it, or is
-- as far advanced as this one.
local function goes_over(entry, call, held)
  local other, of = live_claim(agents, call, entry.agent, entry.fence, now_ms)
  if not other then return true end
  local region = other.by ~= '-' and other.by or of.home
  return region ~= ARGV[7] and other.claim == 'HELD' and held.claim == 'CONFIRMED'
end

-- This region's own claim comes from elsewhere if a failover lost it here. It, too, must be ended when it lapses.
local function note_end(held)
  if not held or (held.by ~= ARGV[7] and not (held.by == '-' and r.home == ARGV[7])) then return end
  ends_at(KEYS[5], id, held == r and 'voice' or held.name, held)
end

for i = told, #ARGV, 3 do
  local call, fence, reason = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local entry = recall(KEYS[2], call)
  local is_its = entry and entry.agent == id
  local declined = entry and entry.declined or ''
  if reason == 'refused' then declined = and_declined(declined, id) end
  note_end(holder_of(r, tonumber(fence), call))
  local held = live_claim(agents, call, id, fence, now_ms)
  if held and (not entry or is_its or goes_over(entry, call, held)) then
    local wish = is_its and entry.wish or '-'
    remember(KEYS[2], agents, call, { agent = id, fence = fence, wish = wish, declined = declined }, now_ms, now_us)
  elseif entry then
    entry.declined = declined
    remember(KEYS[2], agents, call, entry, now_ms, now_us)
  end
end
return { 'stored', line }
