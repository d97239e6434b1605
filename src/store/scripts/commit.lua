-- commit: stores the records of a batch of agents, each if it has not changed meanwhile, and moves the agents in their queues.
-- KEYS  1 agents, 2 facets, 3 calls, 4 changes, 5 agent directory, 6 ends, 7 common skills, then the queues and the sets of those
--       who have a skill
-- ARGV  1 the batch, as JSON: `region`, and `commits`, each with
--       id, version   the agent, and the expected version ("0": no record)
--       header        without its versions, which stand as zeros
--       facets        number of the argument with the agent's facets; missing if they do not change
--       stays, enters, leaves   the agent's queues: those it stays in, and those that change, as numbers of keys from the eighth on
--       gains, loses   the skills that change: {{number of the key, skill}, ...}
--       remaining     {{unit, ms}, ...}: rest of the locks that other regions granted
--       claims        the claims that changed, as in changes.lua
--       calls         {{call, fence, end reason or "-"}, ...}: of each of these claims
--       Parts that are empty may be missing.
--       then the facets
-- Answers for each commit: {"stored", header}, {"conflict", the stored header, the facets}, both "" if there is no record, or
-- {"failed", error} if only this commit failed.
--include record
--include headers
--include calls
--include changes
--include ends
--include skills

local batch = cjson.decode(ARGV[1])
local now_ms, now_us = clock()
local headers, calls = open_headers(KEYS[1]), open_calls(KEYS[3])
local changes, directory, ends = KEYS[4], KEYS[5], KEYS[6]
local facets, written = {}, {}

-- Whether neither the header nor the time changes the agent's place in the queues.
local function is_in_place(there, header)
  local voice = string.byte(header, VOICE)
  if voice == UNITS or voice ~= string.byte(there, VOICE) then return false end
  if voice ~= AVAILABLE then return true end
  return string.sub(there, LOCK, HOLD_END) == string.sub(header, LOCK, HOLD_END)
    and string.sub(there, ARRIVAL, ARRIVAL_END) == string.sub(header, ARRIVAL, ARRIVAL_END)
end

local function move(commit, there, header, r)
  for _, queue in ipairs(commit.leaves or {}) do redis.call('ZREM', KEYS[7 + queue], commit.id) end
  if string.byte(header, VOICE) == FORGOTTEN then redis.call('ZREM', directory, commit.id)
  elseif not there or string.byte(there, VOICE) == FORGOTTEN then redis.call('ZADD', directory, 0, commit.id) end
  for _, queue in ipairs(commit.enters or {}) do place(KEYS[7 + queue], commit.id, r, now_ms) end
  if not commit.stays or there and is_in_place(there, header) then return end
  for _, queue in ipairs(commit.stays) do place(KEYS[7 + queue], commit.id, r, now_ms) end
end

local function learn(commit)
  for _, skill in ipairs(commit.gains or {}) do gain_skill(KEYS[7], KEYS[7 + skill[1]], skill[2], commit.id) end
  for _, skill in ipairs(commit.loses or {}) do redis.call('SREM', KEYS[7 + skill[1]], commit.id) end
end

-- Whether the call's entry changes to this claim. It stays if its own claim was granted by this region, which must end it, or is
-- as far advanced as this one.
local function goes_over(entry, call, held)
  local other, of = live_claim(headers.get(entry.agent), call, entry.fence, now_ms)
  if not other then return true end
  local region = other.by ~= '-' and other.by or of.home
  return region ~= batch.region and other.claim == 'HELD' and held.claim == 'CONFIRMED'
end

-- This region's own claim comes from elsewhere if a failover lost it here. It, too, must be ended when it lapses.
local function note_end(id, r, held)
  if not held or (held.by ~= batch.region and not (held.by == '-' and r.home == batch.region)) then return end
  ends_at(ends, id, held == r and 'voice' or held.name, held)
end

local function move_call(id, header, r, call, fence, reason)
  local entry = calls.get(call)
  local is_its = entry and entry.agent == id
  local declined = entry and entry.declined or ''
  if reason == 'refused' then declined = and_declined(declined, id) end
  note_end(id, r, holder_of(r, tonumber(fence), call))
  local held = live_claim(header, call, fence, now_ms)
  if held and (not entry or is_its or goes_over(entry, call, held)) then
    local wish = is_its and entry.wish or '-'
    calls.set(call, { agent = id, fence = fence, wish = wish, declined = declined }, now_ms)
  elseif entry then
    calls.set(call, { agent = entry.agent, fence = entry.fence, wish = entry.wish, declined = declined }, now_ms)
  end
end

-- Sets the locks that other regions granted: what is left of them counts from now.
local function lock_for(r, remaining)
  for _, rest in ipairs(remaining) do
    local held = rest[1] == 'voice' and r or unit_named(r.units, rest[1])
    if held then held.lock = now_ms + rest[2] end
  end
end

local function stored(commit)
  local id, there = commit.id, headers.get(commit.id)
  local version = there and int(tonumber(string.sub(there, VERSION, VERSION_END))) or '0'
  if version ~= commit.version then
    return { 'conflict', there or '', there and (facets[id] or redis.call('HGET', KEYS[2], id)) or '' }
  end
  local r = parse(commit.header)
  r.version = next_version(tonumber(version), now_us)
  r.facets = commit.facets and r.version or tonumber(string.sub(there, FACETS, FACETS_END))
  lock_for(r, commit.remaining or {})
  local header = write(r)
  move(commit, there, header, r)
  learn(commit)
  if not commit.claims then note(changes, id) end
  for _, claim in ipairs(commit.claims or {}) do note(changes, id, claim) end
  headers.set(id, header)
  if commit.facets then
    facets[id] = ARGV[commit.facets]
    written[#written + 1], written[#written + 2] = id, facets[id]
  end
  for _, of in ipairs(commit.calls or {}) do move_call(id, header, r, of[1], of[2], of[3]) end
  return { 'stored', header }
end

local answers = {}
for i, commit in ipairs(batch.commits) do
  local is_done, answer = pcall(stored, commit)
  answers[i] = is_done and answer or { 'failed', type(answer) == 'table' and answer.err or tostring(answer) }
end
calls.flush()
-- The headers come last: a reader trusts facets only as far as the header says.
if #written > 0 then redis.call('HSET', KEYS[2], unpack(written)) end
headers.flush()
return answers
