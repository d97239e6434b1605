-- walk: goes through a queue for claim and find: in order, up to a limit, until no later agent can be better.

local LIMIT = 512 -- headers in a walk: a request that no agent fits must not block the domain
local LAPSED = 64 -- agents at the tail whose claims have lapsed, in one step

-- What a request requires. Every part but `media` and `bonus` may be missing:
--   skills     {{",name:", least level}, ...}
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
    want.bonus = want.bonus + (100 - want.skills[i][2]) / 100 * surplus_ms
  end
  want.in_order = want.bonus == 0 and want.media == 'voice'
  return want
end

-- The skill surplus in levels; nil if a skill is missing, or its level too low.
local function surplus_of(header, skills)
  local surplus = 0
  for i = 1, #skills do
    local _, at = string.find(header, skills[i][1], REST, true)
    local level = at and tonumber(string.match(header, '^%d+', at + 1))
    if not level or level < skills[i][2] then return nil end
    surplus = surplus + level - skills[i][2]
  end
  return surplus
end

-- The pass-over reason for an agent; if there is none, nil, the skill surplus in levels, and the interactions of the type in
-- hand. now: the time as a header holds it.
local function obstacle(id, header, want, now_ms, now)
  if not header then return 'busy' end
  local voice, in_hand = string.byte(header, VOICE), 0
  if voice == UNITS then
    local from, _, count = open_from(parse(header), want.media, now_ms)
    if not from then return 'busy' end
    if from > now_ms then return 'claimed' end
    in_hand = count
  elseif voice ~= AVAILABLE or want.media ~= 'voice' then return 'busy'
  elseif string.sub(header, LOCK, LOCK_END) > now then return 'claimed' end
  if string.sub(header, HOLD, HOLD_END) > now then return 'held' end
  if want.pass_over then
    local passed = want.pass_over[string.match(header, '^%S+', REST)]
    if passed and not (want.vouched and want.vouched[id]) then return passed end
  end
  if not want.skills then return nil, 0, in_hand end
  local surplus = surplus_of(header, want.skills)
  if not surplus then return 'skill' end
  return nil, surplus, in_hand
end

-- The place that decides: that of the record, and not of the entry in the queue, which may be older.
local function rank_of(header, surplus, in_hand, want)
  return in_hand * STEP + tonumber(string.sub(header, ARRIVAL, ARRIVAL_END)) - surplus / 100 * want.surplus_ms
end

-- The walks call visit(id, header, why, rank) for the members of a queue in line, where why is the pass-over reason, and rank the
-- place of one who can be claimed. visit answers the rank that a later member must beat, or nil. Both answer the number of
-- members that they looked at. visit must not change the queue.

-- For a request whose first suitable agent is the best. Reads no scores; where the tail begins, only if it may have come there.
local function walk_in_order(queue, headers, want, now_ms, now, visit)
  local seen, size, in_line = 0, 1, nil
  while seen < LIMIT do
    local ids = redis.call('ZRANGE', queue, seen, seen + size - 1)
    if #ids > 1 then headers.fetch(ids) end
    for i = 1, #ids do
      local header = headers.get(ids[i])
      local why, surplus, in_hand = obstacle(ids[i], header, want, now_ms, now)
      if why == 'claimed' or why == 'held' then
        in_line = in_line or redis.call('ZCOUNT', queue, '-inf', '(' .. int(CLAIMED))
        if seen >= in_line then return seen end
      end
      seen = seen + 1
      if visit(ids[i], header, why, not why and rank_of(header, surplus, in_hand, want)) then return seen end
    end
    if #ids < size then return seen end
    size = math.min(4 * size, 32)
  end
  return seen
end

-- For all other requests. `lapsed`: agents at the tail whose claims have lapsed; they come first, because their scores place them
-- too far back.
local function walk_by_score(queue, headers, want, lapsed, now_ms, now, visit)
  local seen, to_beat = 0, nil

  local function look(id)
    local header = headers.get(id)
    local why, surplus, in_hand = obstacle(id, header, want, now_ms, now)
    seen = seen + 1
    to_beat = visit(id, header, why, not why and rank_of(header, surplus, in_hand, want)) or to_beat
  end

  headers.fetch(lapsed)
  for i = 1, #lapsed do look(lapsed[i]) end
  local from, size = 0, 1
  while seen < LIMIT do
    local members = redis.call(
      'ZRANGE', queue, '-inf', '(' .. int(CLAIMED), 'BYSCORE', 'LIMIT', from, size, 'WITHSCORES')
    local ids = {}
    for i = 1, #members, 2 do ids[#ids + 1] = members[i] end
    if #ids > 1 then headers.fetch(ids) end
    for i = 1, #ids do
      if to_beat and tonumber(members[2 * i]) - want.bonus >= to_beat then return seen end
      look(ids[i])
    end
    if #ids < size or to_beat and tonumber(members[2 * #ids]) - want.bonus >= to_beat then return seen end
    from, size = from + size, math.min(4 * size, 32)
  end
  return seen
end

-- Agents at the tail whose claims have lapsed.
local function lapsed_in(queue, now)
  return redis.call('ZRANGE', queue, int(CLAIMED), TAIL .. now, 'BYSCORE', 'LIMIT', 0, LAPSED)
end

-- Counts the agents at the tail, which no walk reaches: all of them are claimed.
local function count_taken(tally, queue, now)
  local taken = redis.call('ZCOUNT', queue, '(' .. TAIL .. now, '+inf')
  if taken > 0 then tally.claimed = (tally.claimed or 0) + taken end
end

-- Scan counts as a flat list.
local function flatten(tally, seen)
  local flat = { 'seen', seen }
  for why, count in pairs(tally) do
    flat[#flat + 1] = why
    flat[#flat + 1] = count
  end
  return flat
end
