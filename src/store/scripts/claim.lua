-- claim: takes the best agent of a queue for a call, exactly once.
-- KEYS  1 queue, whose name says for which media type, 2 agents, 3 calls, 4 changes, 5 ends
-- ARGV  1 region, 2 call, 3 queue name, 4 lock ms, 5 hold ms, 6 skills wanted (",name:level,..."),
--       7 ms that 100 levels of skill surplus are worth, 8 homes to pass over and why (",a:stale,b:budget,"),
--       9 agents to pass over (" a b "), 10 the one agent wanted, or "", 11 "1" to name everyone considered,
--       12 agents not to be passed over for their home (" a b "),
--       13 agents that may be granted here in their home's stead (" a b "), 14 the wish in one word
-- Answers {verdict, agent, record, fence, clock ms, tally, considered, version before, lapsed}, where verdict is
--   granted  homed here: a unit of the agent is locked under a new fence; in the home's stead: under the next fence, which
--            is lower than any that the home has granted since it was last heard of
--   again    the call has its agent, granted or homed here: written once more, so that a replica acknowledges this answer, too
--   other    the same, but the call's wish was another: nothing changes
--   copy     the call has an agent as far as is known here, granted by another region: that one knows; `copy_other`
--            where the call's wish was another
--   ask      homed elsewhere: held for a moment, so that its home can be asked
--   none     nobody; the tally says why: {"seen", n, obstacle, n, ...}
-- considered lists {agent, obstacle or "", record} in the order of the walk; version before is that of the record that
-- was written over, "0" where none was; lapsed is the claim of this region, as changes.lua has it, whose time was over and
-- whose unit was granted before anybody had ended it.
--include record
--include calls
--include changes
--include ends
--include walk

local queue, agents, calls = KEYS[1], KEYS[2], KEYS[3]
local region, call, refused, only, wish = ARGV[1], ARGV[2], ARGV[9], ARGV[10], ARGV[14]
local want = wanted(queue, ARGV[6], ARGV[7], ARGV[8], ARGV[12])
local now_ms, now_us = clock()

local function has_refused(id) return string.find(refused, ' ' .. id .. ' ', 1, true) end

local entry = recall(calls, call)

-- Whether the call asks for something else than it has: where only another region knows the wish, queue and media tell.
local function is_other(held)
  if entry.wish ~= '-' then return entry.wish ~= wish end
  return (held.media or 'voice') ~= want.media or held.queue ~= '-' and held.queue ~= ARGV[3]
end

if entry then
  local id, fence = entry.agent, entry.fence
  local held, r, running = live_claim(agents, call, id, fence, now_ms)
  if held and held.by ~= region and r.home ~= region then
    local copy = is_other(held) and 'copy_other' or 'copy'
    if not has_refused(id) then return { copy, id, r.line, fence, int(now_ms), {}, {}, '0' } end
  elseif held and is_other(held) then
    return { 'other', id, r.line, fence, int(now_ms), {}, {}, '0' }
  elseif held then
    local before = int(r.version)
    remember(calls, agents, call, { agent = id, fence = fence, wish = wish, declined = entry.declined }, now_ms, now_us)
    return { 'again', id, store(agents, id, r, now_us), fence, int(now_ms), {}, {}, before }
  elseif r and (fence == '0' or running and running.by ~= region) and r.home ~= region and not has_refused(id) then
    -- Its home may have granted it; or renewed what has lapsed here.
    return { 'ask', id, r.line, '0', int(now_ms), {}, {}, '0' }
  end
end

local tally = {}
local considered, misplaced = {}, {}
local best, best_id, best_rank
local fallback, fallback_id, fallback_rank -- whoever has refused this call is offered it again when nobody else is there

local function visit(id, r, score, why, rank)
  if not why and has_refused(id) then why = 'held' end
  if ARGV[11] == '1' then considered[#considered + 1] = { id, why or '', r and r.line or '' } end
  if why then tally[why] = (tally[why] or 0) + 1 end
  -- Where the queue is behind the record it is put right, so that the next walk does not stop here again.
  if score >= CLAIMED or why == 'busy' or why == 'claimed' or why == 'held' then misplaced[#misplaced + 1] = { id, r } end
  if why then return best_rank end
  if has_declined(entry, id) then
    if not fallback or rank < fallback_rank then fallback, fallback_id, fallback_rank = r, id, rank end
  elseif not best or rank < best_rank then
    best, best_id, best_rank = r, id, rank
  end
  return best_rank
end

local seen = 1
if only == '' then
  seen = walk(queue, agents, want, now_ms, visit)
  if not best and not fallback then count_taken(tally, queue, now_ms) end
else
  local score, line = redis.call('ZSCORE', queue, only), redis.call('HGET', agents, only)
  local r = score and line and glance(line) or nil
  visit(only, r, tonumber(score or 0), obstacle(only, r, want, now_ms), 0)
end
for _, m in ipairs(misplaced) do place(queue, m[1], m[2], now_ms) end
if not best then best, best_id = fallback, fallback_id end
if not best then return { 'none', '', '', '0', int(now_ms), flatten(tally, seen), considered, '0' } end

best = parse(best.line)
local before = int(best.version)
local _, unit = open_from(best, want.media, now_ms)
local verdict, fence, taken = 'ask', 0, nil
local lapsed

-- The claim that the unit had, ended: it would never be told of once another is on record.
local function lapse_of(name, held)
  if not is_running(held) or not (held.by == region or held.by == '-' and best.home == region) then return nil end
  held.claim, held.end_ms, held.reason = 'ENDED', 0, 'lapsed'
  return claim_of(name, held)
end

local instead = best.home ~= region and string.find(ARGV[13], ' ' .. best_id .. ' ', 1, true)
if best.home == region or instead then
  local next_fence, held = highest_fence(best) + 1, unit or best
  lapsed = lapse_of(unit and unit.name or 'voice', held)
  verdict, fence = 'granted', instead and next_fence or math.max(next_fence, now_ms)
  held.fence, held.lock, best.hold = fence, now_ms + tonumber(ARGV[4]), 0
  held.end_ms, held.claim, held.call, held.queue = held.lock, 'HELD', call, ARGV[3]
  held.by, held.reason = instead and region or '-', '-'
  taken = held
else
  best.hold = now_ms + tonumber(ARGV[5])
end
local line = store(agents, best_id, best, now_us)
if taken then
  local name = unit and unit.name or 'voice'
  if lapsed then note(KEYS[4], best_id, lapsed) end
  note(KEYS[4], best_id, claim_of(name, taken))
  ends_at(KEYS[5], best_id, name, taken)
end
place(queue, best_id, best, now_ms)
local declined = entry and entry.declined or ''
remember(calls, agents, call, { agent = best_id, fence = int(fence), wish = wish, declined = declined }, now_ms, now_us)
return { verdict, best_id, line, int(fence), int(now_ms), flatten(tally, seen), considered, before, lapsed or '' }
