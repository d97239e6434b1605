-- claim: takes the best agent of a queue for a call, exactly once.
-- KEYS  1 queue, whose name says for which media type, 2 agents, 3 calls, 4 changes
-- ARGV  1 region, 2 call, 3 queue name, 4 lock ms, 5 hold ms, 6 skills wanted (",name:level,..."),
--       7 ms that 100 levels of skill surplus are worth, 8 homes to pass over and why (",a:stale,b:budget,"),
--       9 agents to pass over (" a b "), 10 the one agent wanted, or "", 11 "1" to name everyone considered,
--       12 agents not to be passed over for their home (" a b "),
--       13 agents that may be granted here in their home's stead (" a b ")
-- Answers {verdict, agent, record, fence, clock ms, tally, considered}, where verdict is
--   granted  homed here: a unit of the agent is locked under a new fence; in the home's stead: under the next fence, which is lower than any
--            that the home has granted since it was last heard of
--   again    the call has its agent: the record as it is
--   ask      homed elsewhere: held for a moment, so that its home can be asked
--   none     nobody; the tally says why: {"seen", n, obstacle, n, ...}
-- and considered lists {agent, obstacle or "", record} in the order of the walk.
--include record
--include calls
--include changes
--include walk

local queue, agents, calls = KEYS[1], KEYS[2], KEYS[3]
local region, call, refused, only = ARGV[1], ARGV[2], ARGV[9], ARGV[10]
local want = wanted(queue, ARGV[6], ARGV[7], ARGV[8], ARGV[12])
local now_ms, now_us = clock()

local function has_refused(id) return string.find(refused, ' ' .. id .. ' ', 1, true) end

local id, known = recall(calls, call)
if id then
  local line = redis.call('HGET', agents, id)
  local r = line and parse(line)
  -- A claim that two regions granted under one fence is only the call's of the one that stands.
  local held = r and holder_of(r, tonumber(known))
  local is_its = held and (held.call == call or held.call == '-')
  if is_its and held.lock > now_ms and held.claim ~= 'WRAP_UP' then
    -- Written again, so that what a replica acknowledges of this answer includes the claim it tells of.
    remember(calls, agents, call, id, known, now_ms, now_us)
    return { 'again', id, line, known, int(now_ms), {}, {} }
  end
  if r and known == '0' and r.home ~= region and not has_refused(id) then
    return { 'ask', id, line, '0', int(now_ms), {}, {} }
  end
end

local tally = {}
local considered, misplaced = {}, {}
local best, best_id, best_rank

local function visit(id, r, score, why, rank)
  if not why and has_refused(id) then why = 'held' end
  if ARGV[11] == '1' then considered[#considered + 1] = { id, why or '', r and r.line or '' } end
  if why then tally[why] = (tally[why] or 0) + 1 end
  -- Where the queue is behind the record it is put right, so that the next walk does not stop here again.
  if score >= CLAIMED or why == 'busy' or why == 'claimed' or why == 'held' then misplaced[#misplaced + 1] = { id, r } end
  if not why and (not best or rank < best_rank) then best, best_id, best_rank = r, id, rank end
  return best_rank
end

local seen = 1
if only == '' then
  seen = walk(queue, agents, want, now_ms, visit)
  if not best then count_taken(tally, queue, now_ms) end
else
  local score, line = redis.call('ZSCORE', queue, only), redis.call('HGET', agents, only)
  local r = score and line and glance(line) or nil
  visit(only, r, tonumber(score or 0), obstacle(only, r, want, now_ms), 0)
end
for _, m in ipairs(misplaced) do place(queue, m[1], m[2], now_ms) end
if not best then return { 'none', '', '', '0', int(now_ms), flatten(tally, seen), considered } end

best = parse(best.line)
local _, unit = open_from(best, want.media, now_ms)
local verdict, fence, taken = 'ask', 0, nil
local instead = best.home ~= region and string.find(ARGV[13], ' ' .. best_id .. ' ', 1, true)
if best.home == region or instead then
  local next_fence, held = highest_fence(best) + 1, unit or best
  verdict, fence = 'granted', instead and next_fence or math.max(next_fence, now_ms)
  held.fence, held.lock, best.hold = fence, now_ms + tonumber(ARGV[4]), 0
  held.end_ms, held.claim, held.call, held.queue = held.lock, 'HELD', call, ARGV[3]
  held.by = instead and region or '-'
  taken = claim_of(unit and unit.name or 'voice', held)
else
  best.hold = now_ms + tonumber(ARGV[5])
end
local line = store(agents, best_id, best, now_us)
if taken then note(KEYS[4], best_id, taken) end
place(queue, best_id, best, now_ms)
remember(calls, agents, call, best_id, int(fence), now_ms, now_us)
return { verdict, best_id, line, int(fence), int(now_ms), flatten(tally, seen), considered }
