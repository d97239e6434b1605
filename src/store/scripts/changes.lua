-- changes: appends to the change stream of a domain (src/store/redis/changes.ts), which is its outbox, too. Scripts do so together
-- with each record that they write. An entry holds
--   a  the agent
--   c  the claim, if one changed, with the fields as in the record: unit fence until claim by call queue completed reason
--   o  "1" if the claim is ours to publish
--   m  the message to publish, if an event changed the agent
-- Beyond a limit of changes that wait for the bus no more are appended, but messages: whoever sent them was told that they are published.
-- One entry, the gap, then stands for all that was left out. It is replaced each time, so that those who follow the stream miss nothing
-- without noticing: their position is gone, or they meet the gap. It holds
--   g  "1"
-- and is counted nowhere.
-- unpublished.lua reads what is to be published, and trims the stream.

-- A stream is {key, store = key of the domain's store, most = limit of changes that wait}.

-- The number of changes that wait until the relay has passed them.
local function waiting_in(stream)
  local known = redis.call('HMGET', stream.store, 'passed', 'trimmed', 'gap')
  local length = redis.call('XLEN', stream.key) - (known[3] and 1 or 0)
  return math.max(0, length - (tonumber(known[1] or 0) - tonumber(known[2] or 0)))
end

local function is_full(stream)
  return redis.call('XLEN', stream.key) >= stream.most and waiting_in(stream) >= stream.most
end

local function leave_out(stream, is_ours)
  local gap = redis.call('HGET', stream.store, 'gap')
  if gap then redis.call('XDEL', stream.key, gap) end
  gap = redis.call('XADD', stream.key, '*', 'g', 1)
  redis.call('HSET', stream.store, 'gap', gap)
  if is_ours then redis.call('HINCRBY', stream.store, 'left_out', 1) end
  return gap
end

-- Each answers the position of the entry.
local function note(stream, id)
  if is_full(stream) then return leave_out(stream, false) end
  return redis.call('XADD', stream.key, '*', 'a', id)
end
local function note_message(stream, id, message)
  return redis.call('XADD', stream.key, '*', 'a', id, 'm', message)
end
local function note_claim(stream, id, claim)
  if is_full(stream) then return leave_out(stream, false) end
  return redis.call('XADD', stream.key, '*', 'a', id, 'c', claim)
end
local function note_own_claim(stream, id, claim)
  if is_full(stream) then return leave_out(stream, true) end
  return redis.call('XADD', stream.key, '*', 'a', id, 'c', claim, 'o', 1)
end

-- The claim on a unit in that form. For voice, `held` is the record itself.
local function claim_of(name, held)
  return table.concat({
    name, int(held.fence), int(held.end_ms), held.claim, held.by, held.call, held.queue, int(held.completed), held.reason }, ' ')
end
