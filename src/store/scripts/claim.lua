-- claim: claims the best agent of a queue for a call, exactly once.
-- KEYS  1 queue (its name contains the media type), 2 agents, 3 calls, 4 changes, 5 ends
-- ARGV  1 region, 2 call, 3 queue name, 4 lock ms, 5 reservation ms, 6 required skills (",name:level,..."),
--       7 bonus in ms for 100 levels of skill surplus, 8 homes to pass over, with reasons (",a:stale,b:budget,"),
--       9 agents to pass over (" a b "), 10 the one agent wanted, or "", 11 "1" to list all considered agents,
--       12 platform-verified agents, who are not passed over for their home (" a b "),
--       13 agents of other homes that may be granted here, as delegated grants (" a b "), 14 the claim request in one word
-- Answers {verdict, agent, record, fence, clock ms, counts, considered, version before, lapsed}, where verdict is
--   granted  a unit of the agent is locked under a new fence. The fence of a delegated grant is only one higher than the
--            last known one, and so lower than any that the home has granted since
--   again    the call has this claim, granted or homed here; the record is written again, so that a replica acknowledges it
--   other    the call has a claim, granted or homed here, from another claim request; nothing changes
--   copy     the call has a claim of another region, as far as is known here; `copy_other` if it is from another claim
--            request
--   ask      the agent is homed elsewhere, and reserved for a moment, so that the home can be asked
--   none     no agent; the scan counts say why: {"seen", n, reason, n, ...}
-- considered lists {agent, pass-over reason or "", record} in the order of the scan. version before is that of the record that
-- was overwritten, "0" if none was. lapsed is this region's lapsed claim on the unit, now ended, in the form of changes.lua;
-- it had not been ended before this grant.
--include record
--include calls
--include changes
--include ends
--include walk

local queue, agents, calls = KEYS[1], KEYS[2], KEYS[3]
local region, call, excluded, only, wish = ARGV[1], ARGV[2], ARGV[9], ARGV[10], ARGV[14]
local want = wanted(queue, ARGV[6], ARGV[7], ARGV[8], ARGV[12])
local now_ms, now_us = clock()

local function is_excluded(id) return string.find(excluded, ' ' .. id .. ' ', 1, true) end

local entry = recall(calls, call)

-- Whether this is another claim request of the call. If only another region knows the first one, compare queue and media type.
local function is_other(held)
  if entry.wish ~= '-' then return entry.wish ~= wish end
  return (held.media or 'voice') ~= want.media or held.queue ~= '-' and held.queue ~= ARGV[3]
end

if entry then
  local id, fence = entry.agent, entry.fence
  local held, r, running = live_claim(agents, call, id, fence, now_ms)
  if held and held.by ~= region and r.home ~= region then
    local copy = is_other(held) and 'copy_other' or 'copy'
    if not is_excluded(id) then return { copy, id, r.line, fence, int(now_ms), {}, {}, '0' } end
  elseif held and is_other(held) then
    return { 'other', id, r.line, fence, int(now_ms), {}, {}, '0' }
  elseif held then
    local before = int(r.version)
    remember(calls, agents, call, { agent = id, fence = fence, wish = wish, declined = entry.declined }, now_ms, now_us)
    return { 'again', id, store(agents, id, r, now_us), fence, int(now_ms), {}, {}, before }
  elseif r and (fence == '0' or running and running.by ~= region) and r.home ~= region and not is_excluded(id) then
    -- The home may have granted this claim, or renewed one that has lapsed here.
    return { 'ask', id, r.line, '0', int(now_ms), {}, {}, '0' }
  end
end

local tally = {}
local considered, misplaced = {}, {}
local best, best_id, best_rank
local fallback, fallback_id, fallback_rank -- an agent who has refused this call: only if there is no other

local function visit(id, r, score, why, rank)
  if not why and is_excluded(id) then why = 'held' end
  if ARGV[11] == '1' then considered[#considered + 1] = { id, why or '', r and r.line or '' } end
  if why then tally[why] = (tally[why] or 0) + 1 end
  -- Correct queue entries that are older than the record, so that the next scan does not meet them again.
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

-- The unit's lapsed claim, ended. It would never be reported once another claim overwrites it.
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
