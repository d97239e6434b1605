-- changes: appends to the change stream of a domain (src/store/redis/changes.ts). Scripts do so together with each record that
-- they write. An entry holds the agent, `a`, and, if a claim changed, the claim, `c`, with the fields as in the record:
--   unit fence until claim by call queue completed reason

local function note(changes, id, claim)
  if claim then redis.call('XADD', changes, 'MAXLEN', '~', CHANGES_KEPT, '*', 'a', id, 'c', claim)
  else redis.call('XADD', changes, 'MAXLEN', '~', CHANGES_KEPT, '*', 'a', id) end
end

-- The claim on a unit in that form. For voice, `held` is the record itself.
local function claim_of(name, held)
  return table.concat({
    name, int(held.fence), int(held.end_ms), held.claim, held.by, held.call, held.queue, int(held.completed), held.reason }, ' ')
end
