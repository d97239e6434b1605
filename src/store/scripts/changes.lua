-- changes: what every script that writes a record notes of it, for whoever follows the domain (src/store/redis/changes.ts).
-- An entry names the agent, `a`, and, where a claim moved, the claim, `c`:
--   unit fence until claim by call queue completed reason
-- as in the record. It is written together with the record, so that neither can be without the other.

local KEPT = 10000 -- entries, at the least; src/store/store.ts knows the same

local function note(changes, id, claim)
  if claim then redis.call('XADD', changes, 'MAXLEN', '~', KEPT, '*', 'a', id, 'c', claim)
  else redis.call('XADD', changes, 'MAXLEN', '~', KEPT, '*', 'a', id) end
end

-- The claim on a unit; the record itself is the unit for voice.
local function claim_of(name, held)
  return table.concat({
    name, int(held.fence), int(held.end_ms), held.claim, held.by, held.call, held.queue, int(held.completed), held.reason }, ' ')
end
