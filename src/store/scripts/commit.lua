-- commit: stores the records of a batch of agents, each if it has not changed meanwhile, and moves the agents in their queues.
-- KEYS  1 agents, 2 facets, 3 calls, 4 changes, 5 agent directory, 6 ends, 7 common skills, 8 store, then the queues and the sets
--       of those who have a skill
-- ARGV  1 the batch, as JSON: `region`, `most_waiting` (see changes.lua), and `commits`, each with
--       id, version   the agent, and the expected version as a header holds it (zeros: no record)
--       header        without its versions, which stand as zeros
--       facets        number of the argument with the agent's facets; missing if they do not change
--       message       number of the argument with the message to publish; missing if the change is not ours to publish
--       stays, enters, leaves   the agent's queues: those it stays in, and those that change, as numbers of keys from the ninth on
--       gains, loses   the skills that change: {{number of the key, skill}, ...}
--       remaining     {{unit, ms}, ...}: rest of the locks that other regions granted
--       claims        the claims that changed, as in changes.lua
--       calls         {{call, fence, end reason or "-"}, ...}: of each of these claims
--       Parts that are empty may be missing.
--       then the facets and messages
-- Answers for each commit: {"stored", header, position of the last change}, {"conflict", the stored header, the facets}, both "" if there is no record, or
-- {"failed", error} if only this commit failed.
--include record
--include hash
--include calls
--include changes
--include ends
--include skills
--include writes
--include format

local wrong = wrong_format(KEYS[8])
if wrong then return wrong end

local batch = cjson.decode(ARGV[1])
local now_ms, now_us = clock()
local now, now_version, NO_VERSION = int(now_ms), int(now_us), string.rep('0', VERSION_END - VERSION + 1)
local headers, calls = open_hash(KEYS[1], current), open_hash(KEYS[3])
local changes = { key = KEYS[4], store = KEYS[8], most = batch.most_waiting }
local directory, ends = KEYS[5], KEYS[6]
local facets, written = {}, {}

-- Whether neither the header nor the time changes the agent's place in the queues.
local function is_in_place(there, header)
  local voice = string.byte(header, VOICE)
  if voice == UNITS or voice ~= string.byte(there, VOICE) then return false end
  if voice ~= AVAILABLE then return true end
  return string.sub(there, LOCK, HOLD_END) == string.sub(header, LOCK, HOLD_END)
    and string.sub(there, ARRIVAL, ARRIVAL_END) == string.sub(header, ARRIVAL, ARRIVAL_END)
end

-- Places the agent in queues. Without units, the place is the same in all of them.
local function place_in(queues, id, header)
  local score
  for i, queue in ipairs(queues) do
    local key = KEYS[8 + queue]
    if i == 1 or string.byte(header, VOICE) == UNITS then score = score_of(header, key, now_ms, now) end
    if score then redis.call('ZADD', key, score, id) else redis.call('ZREM', key, id) end
  end
end

local function move(commit, there, header)
  for _, queue in ipairs(commit.leaves or {}) do redis.call('ZREM', KEYS[8 + queue], commit.id) end
  if string.byte(header, VOICE) == FORGOTTEN then redis.call('ZREM', directory, commit.id)
  elseif not there or string.byte(there, VOICE) == FORGOTTEN then redis.call('ZADD', directory, 0, commit.id) end
  if commit.enters then place_in(commit.enters, commit.id, header) end
  if not commit.stays or there and is_in_place(there, header) then return end
  place_in(commit.stays, commit.id, header)
end

local function learn(commit)
  for _, skill in ipairs(commit.gains or {}) do gain_skill(KEYS[7], KEYS[8 + skill[1]], skill[2], commit.id) end
  for _, skill in ipairs(commit.loses or {}) do redis.call('SREM', KEYS[8 + skill[1]], commit.id) end
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
  local entry = read_call(calls.get(call))
  local is_its = entry and entry.agent == id
  local declined = entry and entry.declined or ''
  if reason == 'refused' then declined = and_declined(declined, id) end
  note_end(id, r, holder_of(r, tonumber(fence), call))
  local held = live_claim(header, call, fence, now_ms)
  if held and (not entry or is_its or goes_over(entry, call, held)) then
    local wish = is_its and entry.wish or '-'
    calls.set(call, write_call({ agent = id, fence = fence, wish = wish, declined = declined }, now_ms))
  elseif entry then
    entry.declined = declined
    calls.set(call, write_call(entry, now_ms))
  end
end

-- Sets the locks that other regions granted: what is left of them counts from now.
local function with_locks(header, remaining)
  local r = parse(header)
  for _, rest in ipairs(remaining) do
    local held = rest[1] == 'voice' and r or unit_named(r.units, rest[1])
    if held then held.lock = now_ms + rest[2] end
  end
  return write(r)
end

-- The version of a stored header, as a header holds it, and the next one.
local function versions_of(there)
  local version = there and string.sub(there, VERSION, VERSION_END) or NO_VERSION
  if version < now_version then return version, now_version end
  return version, string.format('%016d', tonumber(version) + 1)
end

local function move_calls(id, header, changed)
  local r = parse(header)
  for _, of in ipairs(changed) do move_call(id, header, r, of[1], of[2], of[3]) end
end

local function stored(commit)
  local id, there = commit.id, headers.get(commit.id)
  local version, next = versions_of(there)
  if version ~= commit.version then
    return { 'conflict', there or '', there and (facets[id] or redis.call('HGET', KEYS[2], id)) or '' }
  end
  local facets_version = commit.facets and next or string.sub(there, FACETS, FACETS_END)
  local header = string.sub(commit.header, 1, VERSION - 1) .. next .. facets_version .. string.sub(commit.header, VOICE)
  if commit.remaining then header = with_locks(header, commit.remaining) end
  count_write(KEYS[8])
  move(commit, there, header)
  learn(commit)
  local position
  for _, claim in ipairs(commit.claims or {}) do position = note_claim(changes, id, claim) end
  if commit.message then position = note_message(changes, id, ARGV[commit.message])
  elseif not position then position = note(changes, id) end
  headers.set(id, header)
  if commit.facets then
    facets[id] = ARGV[commit.facets]
    written[#written + 1], written[#written + 2] = id, facets[id]
  end
  if commit.calls then move_calls(id, header, commit.calls) end
  return { 'stored', header, position }
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
