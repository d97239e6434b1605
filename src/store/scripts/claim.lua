-- claim: claims the best agent of a queue for each call of a batch, exactly once.
-- KEYS  1 agents, 2 calls, 3 changes, 4 ends, 5 common skills, 6 store, then the queues (a queue's name contains the media type) and
--       the sets of those who have the required skills
-- ARGV  1 the batch, as JSON: `region`, `surplus_ms` (the bonus for 100 levels of skill surplus), `most_waiting` (see changes.lua),
--       and `claims`, each with
--       queue      number of its queue among the keys from the seventh on
--       call, name, wish   of the call: its id, the queue's name in the record, the request in one word
--       lock_ms, hold_ms   how long the claim is held, and how long an agent is reserved while its home is asked
--       skills, pass_over, vouched   see walk.lua
--       excluded   agents to pass over: {id = 1}
--       only       the one agent wanted
--       instead    agents of other homes that may be granted here, as delegated grants: {id = 1}
--       explain    whether to list all considered agents
--       cursor, counted   of the trip before, if that found nobody and left somebody out; members that the trips so far counted as
--                  something else than claimed
--       Parts that are empty may be missing.
-- Answers {clock ms, answer, ...}, an answer for each claim: {"failed", error} if only this claim failed, else
-- {verdict, agent, header, fence, version before, counts, considered, lapsed or cursor}, where verdict is
--   granted  a unit of the agent is locked under a new fence. The fence of a delegated grant is only one higher than the
--            last known one, and so lower than any that the home has granted since
--   again    the call has this claim, granted or homed here; the record is written again, so that a replica acknowledges it
--   other    the call has a claim, granted or homed here, from another claim request; nothing changes
--   copy     the call has a claim of another region, as far as is known here; `copy_other` if it is from another claim
--            request
--   ask      the agent is homed elsewhere, and reserved for a moment, so that the home can be asked
--   none     no agent; the scan counts say why: "seen n reason n ..."
--   more     no agent yet, and somebody was left out: the next trip goes on from the cursor, or from the beginning without one
-- considered lists {agent, pass-over reason or "", header} in the order of the scan. version before is that of the record that
-- was overwritten, "0" if none was. lapsed is this region's lapsed claim on the unit, now ended, in the form of changes.lua;
-- it had not been ended before this grant.
--include record
--include hash
--include calls
--include changes
--include ends
--include skills
--include walk
--include writes
--include format

local wrong = wrong_format(KEYS[6])
if wrong then return wrong end

local batch = cjson.decode(ARGV[1])
local region, surplus_ms = batch.region, batch.surplus_ms
local now_ms, now_us = clock()
local now, now_version = int(now_ms), int(now_us)
local headers, calls = open_hash(KEYS[1], current), open_hash(KEYS[2])
local changes, ends = { key = KEYS[3], store = KEYS[6], most = batch.most_waiting }, KEYS[4]
local due, lines = {}, {}
local NOW_AS_FENCE = string.rep('0', FENCE_END - FENCE + 1 - #now)

-- Moves an agent in a line, with all others at the end.
local function move(line, id, score)
  if score then
    line.scores = line.scores or {}
    line.scores[#line.scores + 1], line.scores[#line.scores + 2] = score, id
  else
    line.gone = line.gone or {}
    line.gone[#line.gone + 1] = id
  end
end

local function flush_line(line)
  if line.scores or line.gone then count_write(KEYS[6]) end
  if line.scores then redis.call('ZADD', line.queue, unpack(line.scores)) end
  if line.gone then redis.call('ZREM', line.queue, unpack(line.gone)) end
  line.scores, line.gone = nil, nil
end

-- Moves the agents whose claims have lapsed back to their places.
local function heal(line)
  for _ = 1, MOST_LAPSED / LAPSED do
    local lapsed = lapsed_in(line.queue, now, LAPSED)
    headers.fetch(lapsed)
    for i = 1, #lapsed do move(line, lapsed[i], score_of(headers.get(lapsed[i]), line.queue, now_ms, now)) end
    flush_line(line)
    if #lapsed < LAPSED then return end
  end
  line.is_ill = true -- more have lapsed
end

local commons = {}

local function is_common_here(skill)
  if commons[skill] == nil then commons[skill] = is_common(KEYS[5], skill) end
  return commons[skill]
end

-- Reads the beginnings of all lines, so that their headers come with one command. A line that fails, fails its own claims.
local function open_lines()
  local claims_of, heads = {}, {}
  for _, claim in ipairs(batch.claims) do claims_of[claim.queue] = (claims_of[claim.queue] or 0) + 1 end
  for queue, count in pairs(claims_of) do
    local line = open_line(KEYS[6 + queue], count)
    lines[queue] = line
    local is_read, problem = pcall(function()
      heal(line)
      for _, id in ipairs(more_of(line)) do heads[#heads + 1] = id end
    end)
    if not is_read then line.problem = problem end
  end
  headers.fetch(heads)
end

-- Stores the record under a new version.
local function store(id, r)
  count_write(KEYS[6])
  local header = write_anew(r, now_us)
  headers.set(id, header)
  return header
end

-- Whether this is another claim request of the call. If only another region knows the first one, compare queue and media type.
local function is_other(known, held, request, media)
  if known.wish ~= '-' then return known.wish ~= request.wish end
  return (held.media or 'voice') ~= media or held.queue ~= '-' and held.queue ~= request.name
end

-- The answer for a call that has a claim already; nil if it may get a new one.
local function known_claim(entry, claim, media)
  local id, fence = entry.agent, entry.fence
  local header = headers.get(id)
  local held, r, running = live_claim(header, claim.call, fence, now_ms)
  local is_excluded = claim.excluded and claim.excluded[id]
  if held and held.by ~= region and r.home ~= region then
    local copy = is_other(entry, held, claim, media) and 'copy_other' or 'copy'
    if not is_excluded then return { copy, id, header, fence, '0' } end
  elseif held and is_other(entry, held, claim, media) then
    return { 'other', id, header, fence, '0' }
  elseif held then
    local before = string.sub(header, VERSION, VERSION_END)
    entry.wish = claim.wish
    calls.set(claim.call, write_call(entry, now_ms))
    return { 'again', id, store(id, r), fence, before }
  elseif r and (fence == '0' or running and running.by ~= region) and r.home ~= region and not is_excluded then
    -- The home may have granted this claim, or renewed one that has lapsed here.
    return { 'ask', id, header, '0', '0' }
  end
end

-- The search for the best agent for one claim; reset by best_of.
local claim, entry, line
local best, best_id, best_rank
local fallback, fallback_id, fallback_rank -- an agent who has refused this call: only if there is no other
local tally, considered

local function visit(id, header, why, rank, ids, i)
  -- Correct queue entries that are older than the record, so that no walk meets them again.
  if why == 'busy' or why == 'claimed' or why == 'held' then
    move(line, id, score_of(header, line.queue, now_ms, now))
    if i then ids[i] = false end
  end
  if not why and claim.excluded and claim.excluded[id] then why = 'held' end
  if claim.explain then considered[#considered + 1] = { id, why or '', header or '' } end
  if why then
    tally[why] = (tally[why] or 0) + 1
  elseif has_declined(entry, id) then
    if not fallback or rank < fallback_rank then fallback, fallback_id, fallback_rank = header, id, rank end
  elseif not best or rank < best_rank then
    best, best_id, best_rank = header, id, rank
  end
  return best_rank
end

-- When the first of the agents whom this script moves to the tail is free again, in ms.
local function first_free(known_free_ms)
  local free_ms = known_free_ms or math.huge
  local scores = line.scores or {}
  for i = 1, #scores, 2 do
    local score = tonumber(scores[i])
    if score >= CLAIMED then free_ms = math.min(free_ms, score - CLAIMED) end
  end
  return free_ms
end

-- Walks the line. Answers the number of members that it looked at, and the cursor if some are left; "" to begin again.
local function walk_line(want)
  local from, changed, known_free_ms, rest = 1, nil, nil, line
  if claim.cursor then
    from, changed, known_free_ms = resumed(line.queue, changes.key, claim.cursor, now_ms)
    if not from then return 0, '' end
    rest = open_line(line.queue, 32, from - 1)
    if #changed > 0 then walk_holders(line.queue, changed, headers, want, now_ms, now, visit) end
  end
  local seen, last
  if want.in_order then seen, last = walk_in_order(rest, headers, want, now_ms, now, visit)
  else seen, last = walk_by_score(line.queue, headers, want, from, {}, now_ms, now, visit) end
  looks_left = looks_left - seen
  if last then return seen, cursor_at(line.queue, changes.key, last, first_free(tonumber(known_free_ms)), now) end
  return seen, line.is_ill and '' or nil
end

-- Looks for the best agent. Answers the id and the header, nil if there is none; what the walk saw; and the cursor if it left
-- somebody out.
local function best_of(of, in_line, want, with)
  claim, line, entry = of, in_line, with
  best, best_id, best_rank, fallback, fallback_id, fallback_rank = nil, nil, nil, nil, nil, nil
  tally, considered = {}, {}
  local seen, cursor, holders = 1, nil, nil
  local gone = line.gone and #line.gone or 0
  if claim.only then
    local header = redis.call('ZSCORE', line.queue, claim.only) and headers.get(claim.only) or false
    visit(claim.only, header, obstacle(claim.only, header, want, now_ms, now), 0)
  else
    holders = holders_of(line.queue, claim, is_common_here, KEYS, 6)
    if not holders then seen, cursor = walk_line(want)
    else seen = #holders > 0 and walk_holders(line.queue, holders, headers, want, now_ms, now, visit) or 0 end
    if not best and not fallback and not cursor then
      count_others(tally, line.queue, holders and 'skill' or 'claimed', gone + (claim.counted or 0))
    end
  end
  if not best then best, best_id = fallback, fallback_id end
  return best_id, best, counts_of(tally, seen), considered, cursor
end

-- The unit's lapsed claim, ended. It would never be reported once another claim overwrites it.
local function lapse_of(name, held, home)
  if not is_running(held) or not (held.by == region or held.by == '-' and home == region) then return nil end
  held.claim, held.end_ms, held.reason = 'ENDED', 0, 'lapsed'
  return claim_of(name, held)
end

-- Reserves an agent who is homed elsewhere.
local function reserve(id, r, claim, line)
  r.hold = now_ms + claim.hold_ms
  local header = store(id, r)
  move(line, id, score_of(header, line.queue, now_ms, now))
  return header, '0'
end

-- Grants a unit of an agent. Answers the header, the fence, and the lapsed claim that it replaces.
local function grant(id, r, claim, line, media, is_delegated)
  local _, unit = open_from(r, media, now_ms)
  local name, held = unit and unit.name or 'voice', unit or r
  local next_fence = highest_fence(r) + 1
  local lapsed = lapse_of(name, held, r.home)
  held.fence = is_delegated and next_fence or math.max(next_fence, now_ms)
  held.lock, r.hold = now_ms + claim.lock_ms, 0
  held.end_ms, held.claim, held.call, held.queue = held.lock, 'HELD', claim.call, claim.name
  held.by, held.reason = is_delegated and region or '-', '-'
  count_write(KEYS[6])
  if lapsed then note_own_claim(changes, id, lapsed) end
  note_own_claim(changes, id, claim_of(name, held))
  due[#due + 1], due[#due + 2] = int(held.lock), id .. ' ' .. name
  -- After all commands: if one fails, the agent is not locked.
  local header = store(id, r)
  move(line, id, score_of(header, line.queue, now_ms, now))
  return header, int(held.fence), lapsed
end

local locks = {}

-- The end of a lock that lasts from now on, as a header holds it.
local function lock_until(lock_ms)
  local lock = locks[lock_ms]
  if not lock then
    lock = int(now_ms + lock_ms)
    locks[lock_ms] = lock
  end
  return lock
end

-- As `grant`, for most grants: of an agent homed here, who takes voice only, and whose last claim has ended.
local function grant_plainly(id, header, claim, line)
  count_write(KEYS[6])
  local fence, next_fence, fence_word = string.sub(header, FENCE, FENCE_END), NOW_AS_FENCE .. now, now
  if fence >= next_fence then
    fence_word = int(tonumber(fence) + 1)
    next_fence = string.format('%016d', tonumber(fence_word))
  end
  local version, next_version = string.sub(header, VERSION, VERSION_END), now_version
  if version >= now_version then next_version = string.format('%016d', tonumber(version) + 1) end
  local lock, agent = lock_until(claim.lock_ms), id .. ' voice'
  local who = '- ' .. claim.call .. ' ' .. claim.name .. ' '
  note_own_claim(changes, id, 'voice ' .. fence_word .. ' ' .. lock .. ' HELD ' .. who
    .. string.sub(header, COMPLETED, COMPLETED_END) .. ' -')
  due[#due + 1], due[#due + 2] = lock, agent
  move(line, id, TAIL .. lock)
  local rest = string.sub(header, REST, string.find(header, '\n', REST, true)) .. who .. '-'
  local now_header = rewrite(header, next_version, lock, NO_TIME, next_fence, lock, STATES.HELD, rest)
  headers.set(id, now_header)
  return now_header, fence_word
end

local function is_plain(header)
  local state = string.sub(header, STATE, STATE)
  if state == STATES.HELD or state == STATES.CONFIRMED or string.byte(header, VOICE) ~= AVAILABLE then return false end
  local home_end = REST + #region
  return string.sub(header, REST, home_end) == region .. ' '
end

local function answer_to(claim)
  local line = lines[claim.queue]
  if line.problem then error(line.problem, 0) end
  local want, entry = wanted(line.queue, claim, surplus_ms), read_call(calls.get(claim.call))
  local known = entry and known_claim(entry, claim, want.media)
  if known then return known end
  local id, header, counts, considered, cursor = best_of(claim, line, want, entry)
  if not id then return { cursor and 'more' or 'none', '', '', '0', '0', counts, considered, cursor } end
  local before = string.sub(header, VERSION, VERSION_END)
  local verdict, now_header, fence, lapsed = 'granted'
  if is_plain(header) then
    now_header, fence = grant_plainly(id, header, claim, line)
  else
    local r = parse(header)
    local is_delegated = r.home ~= region
    if is_delegated and not (claim.instead and claim.instead[id]) then
      verdict = 'ask'
      now_header, fence = reserve(id, r, claim, line)
    else
      now_header, fence, lapsed = grant(id, r, claim, line, want.media, is_delegated)
    end
  end
  local now_entry = { agent = id, fence = fence, wish = claim.wish, declined = entry and entry.declined or '' }
  calls.set(claim.call, write_call(now_entry, now_ms))
  return { verdict, id, now_header, fence, before, counts, considered, lapsed }
end

local ids = {}
for i, claim in ipairs(batch.claims) do ids[i] = claim.call end
calls.fetch(ids)
open_lines()
local answers = { now }
for i, claim in ipairs(batch.claims) do
  local is_done, answer = pcall(answer_to, claim)
  answers[i + 1] = is_done and answer or { 'failed', type(answer) == 'table' and answer.err or tostring(answer) }
end
-- The headers come last: if one of these commands fails, no agent is locked.
for _, line in pairs(lines) do flush_line(line) end
if #due > 0 then redis.call('ZADD', ends, unpack(due)) end
calls.flush()
headers.flush()
return answers
