-- walk: goes through a queue for claim and find, until no later agent can be better, or everybody who could qualify was looked at.
-- A script looks at a limited number of headers, so that no request blocks the domain. A request that nobody met so far fits
-- goes on in the next trip to Redis, from where it stopped; agents who became free behind it meanwhile are in the change stream.

local LOOKS = 512 -- headers that a request looks at in one trip
local LEAST_LOOKS = 16 -- of a request whose batch has used up its looks
local looks_left = 2048 -- of all requests of a batch
local LAPSED = 64 -- agents at the tail whose claims have lapsed, in one step
local MOST_LAPSED = 1024 -- of them in one trip
local MOST_CHANGES = 256 -- changes between two trips that the later one looks at

local FREE = string.char(AVAILABLE) .. NO_TIME .. NO_TIME -- in a header: takes voice, no lock, no hold

-- What a request requires. Every part but `media` and `bonus` may be missing:
--   skills     {{",name:", least level in three digits, number of the key of its holders}, ...}
--   pass_over  homes whose agents cannot be claimed now: {home = reason}
--   vouched    platform-verified agents, who are not passed over for their home: {id = 1}
-- surplus_ms: bonus in ms for 100 levels of skill surplus. bonus: the largest that the request gives. in_order: nobody behind the
-- first who qualifies can be better.
local function wanted(queue, request, surplus_ms)
  local want = {
    media = media_of(queue), skills = request.skills, pass_over = request.pass_over, vouched = request.vouched,
    surplus_ms = surplus_ms, bonus = 0,
  }
  for i = 1, surplus_ms > 0 and want.skills and #want.skills or 0 do
    want.bonus = want.bonus + (100 - tonumber(want.skills[i][2])) / 100 * surplus_ms
  end
  want.in_order = want.bonus == 0 and want.media == 'voice'
  return want
end

-- The skill surplus in levels, 0 if it does not count; nil if a skill is missing, or its level too low. Levels have three digits.
local function surplus_of(header, skills, counts)
  local surplus = 0
  for i = 1, #skills do
    local skill = skills[i]
    local _, at = string.find(header, skill[1], REST, true)
    local level = at and string.sub(header, at + 1, at + 3)
    if not level or level < skill[2] then return nil end
    if counts then surplus = surplus + tonumber(level) - tonumber(skill[2]) end
  end
  return surplus
end

-- The pass-over reason for an agent; if there is none, nil, the skill surplus in levels, and the interactions of the type in
-- hand. now: the time as a header holds it.
local function obstacle(id, header, want, now_ms, now)
  if not header then return 'busy' end
  local voice, in_hand = string.byte(header, VOICE), 0
  -- Most agents in a queue were released before they are claimed again: one comparison of what all free ones have.
  local is_free = want.media == 'voice' and string.sub(header, VOICE, HOLD_END) == FREE
  if is_free then in_hand = 0
  elseif voice == UNITS then
    local from, _, count = open_from(parse(header), want.media, now_ms)
    if not from then return 'busy' end
    if from > now_ms then return 'claimed' end
    in_hand = count
  elseif voice ~= AVAILABLE or want.media ~= 'voice' then return 'busy'
  elseif string.sub(header, LOCK, LOCK_END) > now then return 'claimed' end
  if not is_free and string.sub(header, HOLD, HOLD_END) > now then return 'held' end
  if want.pass_over then
    local passed = want.pass_over[string.match(header, '^%S+', REST)]
    if passed and not (want.vouched and want.vouched[id]) then return passed end
  end
  if not want.skills then return nil, 0, in_hand end
  local surplus = surplus_of(header, want.skills, want.surplus_ms > 0)
  if not surplus then return 'skill' end
  return nil, surplus, in_hand
end

-- The place that decides: that of the record, and not of the entry in the queue, which may be older.
local function rank_of(header, surplus, in_hand, want)
  return in_hand * STEP + tonumber(string.sub(header, ARRIVAL, ARRIVAL_END)) - surplus / 100 * want.surplus_ms
end

-- The walks call visit(id, header, why, rank) for members of a queue, where why is the pass-over reason, and rank the place of one
-- who can be claimed. visit answers the rank that a later member must beat, or nil. They answer the number of members that they
-- looked at and, if they found nobody and members are left, the number of the last one. visit must not change the queue.

local CLAIMED_IN_A_ROW = 4 -- after so many, a walk asks where the tail begins

-- A queue as the requests of a batch share it: the ids in order, as far as they were read, from the member after `base` on. `false`
-- stands for a member who moved. size: number of members to read next.
local function open_line(queue, size, base)
  return { queue = queue, size = size, base = base or 0, ids = {}, first = 1 }
end

-- Reads the next members of a line. Answers their ids.
local function more_of(line)
  local known, size = #line.ids, line.size
  local from = line.base + known
  local ids = redis.call('ZRANGE', line.queue, from, from + size - 1)
  for i = 1, #ids do line.ids[known + i] = ids[i] end
  line.is_whole, line.size = #ids < size, math.min(4 * size, 32)
  return ids
end

local function most_looks() return math.max(LEAST_LOOKS, math.min(LOOKS, looks_left)) end

-- For a request whose first suitable agent is the best. Reads no scores.
local function walk_in_order(line, headers, want, now_ms, now, visit)
  local ids, seen, in_a_row, in_line, most = line.ids, 0, 0, nil, most_looks()
  for i = line.first, math.huge do
    if seen >= most then return seen, line.base + i - 1 end
    if ids[i] == nil then
      if not line.is_whole then headers.fetch(more_of(line)) end
      if ids[i] == nil then return seen end
    end
    local id = ids[i]
    if id then
      local header = headers.get(id)
      local why, surplus, in_hand = obstacle(id, header, want, now_ms, now)
      in_a_row = (why == 'claimed' or why == 'held') and in_a_row + 1 or 0
      if in_a_row >= CLAIMED_IN_A_ROW then
        in_line = in_line or redis.call('ZCOUNT', line.queue, '-inf', '(' .. CLAIMED_TEXT)
        if line.base + i > in_line then return seen end
      end
      seen = seen + 1
      if visit(id, header, why, not why and rank_of(header, surplus, in_hand, want), ids, i) then return seen end
    elseif i == line.first then line.first = i + 1 end
  end
end

-- For all other requests. from: number of the first member. lapsed: agents at the tail whose claims have lapsed; they come first,
-- because their scores place them too far back.
local function walk_by_score(queue, headers, want, from, lapsed, now_ms, now, visit)
  local seen, to_beat, is_found, most = 0, nil, false, most_looks()

  local function look(id)
    local header = headers.get(id)
    local why, surplus, in_hand = obstacle(id, header, want, now_ms, now)
    seen = seen + 1
    is_found = is_found or not why
    to_beat = visit(id, header, why, not why and rank_of(header, surplus, in_hand, want)) or to_beat
  end

  headers.fetch(lapsed)
  for i = 1, #lapsed do look(lapsed[i]) end
  local at, size = from - 1, 1
  while true do
    local members = redis.call(
      'ZRANGE', queue, '-inf', '(' .. CLAIMED_TEXT, 'BYSCORE', 'LIMIT', at, size, 'WITHSCORES')
    local ids = {}
    for i = 1, #members, 2 do ids[#ids + 1] = members[i] end
    if #ids > 1 then headers.fetch(ids) end
    for i = 1, #ids do
      if to_beat and tonumber(members[2 * i]) - want.bonus >= to_beat then return seen end
      look(ids[i])
    end
    if #ids < size or to_beat and tonumber(members[2 * #ids]) - want.bonus >= to_beat then return seen end
    at, size = at + size, math.min(4 * size, 32)
    if seen >= most then return seen, not is_found and at or nil end
  end
end

-- For a request with a skill that few agents have: looks at those who have it.
local function walk_holders(queue, holders, headers, want, now_ms, now, visit)
  local scores, members = redis.call('ZMSCORE', queue, unpack(holders)), {}
  for i = 1, #holders do
    if scores[i] then members[#members + 1] = holders[i] end
  end
  headers.fetch(members)
  for i = 1, #members do
    local header = headers.get(members[i])
    local why, surplus, in_hand = obstacle(members[i], header, want, now_ms, now)
    visit(members[i], header, why, not why and rank_of(header, surplus, in_hand, want))
  end
  return #members
end

local SHORT = 16 -- members of a queue that a walk looks at as fast as at the holders of a skill

-- The agents who have the rarest of the required skills, if they are fewer than the members of the queue; nil if not, or if all
-- are common. An explanation lists the queue as long as one trip can. common: whether a skill is, see skills.lua. keys, before: the
-- keys of the script, and the number of those before the first that requests refer to.
local function holders_of(queue, request, common, keys, before)
  if not request.skills then return nil end
  local members = redis.call('ZCARD', queue)
  if members <= (request.explain and LOOKS or SHORT) then return nil end
  local rarest, least = nil, members
  for _, skill in ipairs(request.skills) do
    if not common(skill[1]) then
      local key = keys[before + skill[3]]
      local count = redis.call('SCARD', key)
      if count < least then rarest, least = key, count end
    end
  end
  if not rarest then return nil end
  return least > 0 and redis.call('SMEMBERS', rarest) or {}
end

-- Where a walk stopped, as a text: "free_ms change score agent", for `resumed`. i: number of the last member that it looked at.
-- free_ms: when the first of the agents who are taken is free again, of those it met, and of those at the tail.
local function cursor_at(queue, changes, i, met_free_ms, now)
  local tail = redis.call('ZRANGE', queue, '(' .. TAIL .. now, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  local free_ms = math.min(met_free_ms, tail[2] and tonumber(tail[2]) - CLAIMED or math.huge)
  local last = redis.call('XREVRANGE', changes, '+', '-', 'COUNT', 1)
  local member = redis.call('ZRANGE', queue, i - 1, i - 1, 'WITHSCORES')
  return (free_ms < math.huge and int(free_ms) or '-') .. ' ' .. (last[1] and last[1][1] or '0-0') .. ' '
    .. (member[2] or 0) .. ' ' .. (member[1] or '-')
end

-- The number of the member from which a walk goes on, and the agents who changed since it stopped. nil if those are too many or
-- not all known, or a claim has lapsed since: then it starts again. All others only leave the part behind the cursor.
local function resumed(queue, changes, cursor, now_ms)
  local free_ms, change, score, id = string.match(cursor, '^(%S+) (%S+) (%S+) (.*)$')
  if free_ms ~= '-' and tonumber(free_ms) <= now_ms then return nil end
  local entries = redis.call('XRANGE', changes, '(' .. change, '+', 'COUNT', MOST_CHANGES + 1)
  if #entries > MOST_CHANGES then return nil end
  local changed, known = {}, {}
  for i = 1, #entries do
    -- Changes that were left out: nothing tells whose they were.
    if entries[i][2][1] == 'g' then return nil end
    local agent = entries[i][2][2]
    if not known[agent] then changed[#changed + 1] = agent end
    known[agent] = true
  end
  local there = redis.call('ZSCORE', queue, id)
  if there == score then return redis.call('ZRANK', queue, id) + 2, changed, free_ms end
  return redis.call('ZCOUNT', queue, '-inf', '(' .. score) + 1, changed, free_ms
end

-- When an agent who is taken is free again, in ms.
local function free_at(header, queue, now_ms, now)
  local score = tonumber(score_of(header, queue, now_ms, now))
  return score and score >= CLAIMED and score - CLAIMED or math.huge
end

-- Agents at the tail whose claims have lapsed.
local function lapsed_in(queue, now, most)
  return redis.call('ZRANGE', queue, CLAIMED_TEXT, TAIL .. now, 'BYSCORE', 'LIMIT', 0, most)
end

-- Completes the counts of a walk that found nobody: all members whom it did not look at, or met at the tail, have the same
-- reason: `claimed`, or `skill` if it looked only at those who have a skill. gone: members that the queue should not have.
local function count_others(tally, queue, why, gone)
  local known = gone
  for reason, count in pairs(tally) do
    if reason ~= why then known = known + count end
  end
  local others = redis.call('ZCARD', queue) - known
  tally[why] = others > 0 and others or nil
end

-- Scan counts as a text: "seen 3 claimed 2".
local function counts_of(tally, seen)
  local text = 'seen ' .. seen
  for why, count in pairs(tally) do text = text .. ' ' .. why .. ' ' .. count end
  return text
end
