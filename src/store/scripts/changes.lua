-- changes: appends to the change stream of a domain (src/store/redis/changes.ts), which is its outbox, too. Scripts do so together
-- with each record that they write. An entry holds
--   a  the agent
--   c  the claim, if one changed, with the fields as in the record: unit fence until claim by call queue completed reason
--   o  "1" if the claim is ours to publish
--   m  the message to publish, if an event changed the agent
-- unpublished.lua reads what is to be published, and trims the stream.

-- Each answers the position of the entry.
local function note(changes, id) return redis.call('XADD', changes, '*', 'a', id) end
local function note_message(changes, id, message) return redis.call('XADD', changes, '*', 'a', id, 'm', message) end
local function note_claim(changes, id, claim) return redis.call('XADD', changes, '*', 'a', id, 'c', claim) end
local function note_own_claim(changes, id, claim) return redis.call('XADD', changes, '*', 'a', id, 'c', claim, 'o', 1) end

-- The claim on a unit in that form. For voice, `held` is the record itself.
local function claim_of(name, held)
  return table.concat({
    name, int(held.fence), int(held.end_ms), held.claim, held.by, held.call, held.queue, int(held.completed), held.reason }, ' ')
end
