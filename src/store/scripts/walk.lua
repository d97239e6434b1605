-- walk: scans a queue for claim and find: in order, up to a limit, until no later agent can be better.

local LIMIT = 512 -- records in a scan: a request that no agent fits must not block the domain
local LAPSED = 8 -- agents with lapsed claims that a scan considers

-- The requirements of a request: skills as ",name:level,...", the bonus in ms for 100 levels of surplus, homes to pass over
-- with reasons as ",home:why,...", and platform-verified agents, who are not passed over for their home, as " a b ". The
-- media type is that of the queue.
local function wanted(queue, skills, surplus_ms, pass_over, vouched)
  local want = {
    media = media_of(queue), surplus_ms = tonumber(surplus_ms), pass_over = pass_over, vouched = vouched, bonus = 0,
  }
  for name, least in string.gmatch(skills, '([^:,]+):(%d+)') do
    want[#want + 1] = { name = ',' .. name .. ':', least = tonumber(least) }
    want.bonus = want.bonus + (100 - tonumber(least)) / 100 * want.surplus_ms
  end
  return want
end

-- The pass-over reason for an agent; if there is none, nil, the skill surplus in levels, and the interactions of the type in
-- hand.
local function obstacle(id, r, want, now_ms)
  if not r then return 'busy' end
  local from, _, in_hand = open_from(r, want.media, now_ms)
  if not from then return 'busy' end
  if from > now_ms then return 'claimed' end
  if r.hold > now_ms then return 'held' end
  local _, passed = string.find(want.pass_over, ',' .. r.home .. ':', 1, true)
  if passed and not string.find(want.vouched, ' ' .. id .. ' ', 1, true) then
    return string.match(want.pass_over, '^%a+', passed + 1)
  end
  local surplus = 0
  for i = 1, #want do
    local _, at = string.find(r.skills, want[i].name, 1, true)
    local level = at and tonumber(string.match(r.skills, '^%d+', at + 1))
    if not level or level < want[i].least then return 'skill' end
    surplus = surplus + level - want[i].least
  end
  return nil, surplus, in_hand
end

-- Calls visit(id, record, score, why, rank) for each member: why is the pass-over reason, rank the score minus the skill bonus.
-- visit answers the rank that a later member must beat, or nil. Agents with lapsed claims come first, because their scores
-- place them too far back. Answers the number of records scanned.
local function walk(queue, agents, want, now_ms, visit)
  local bonus, seen, to_beat = want.bonus, 0, nil

  local function look(members)
    if #members == 0 then return end
    local ids = {}
    for i = 1, #members, 2 do ids[#ids + 1] = members[i] end
    local lines = redis.call('HMGET', agents, unpack(ids))
    for i, id in ipairs(ids) do
      local score = tonumber(members[2 * i])
      if to_beat and score < CLAIMED and score - bonus >= to_beat then return true end
      seen = seen + 1
      local r = lines[i] and glance(lines[i]) or nil
      local why, surplus, in_hand = obstacle(id, r, want, now_ms)
      local rank = not why and in_hand * STEP + r.arrival - surplus / 100 * want.surplus_ms
      to_beat = visit(id, r, score, why, rank) or to_beat
    end
  end

  look(redis.call('ZRANGE', queue, int(CLAIMED), int(CLAIMED + now_ms), 'BYSCORE', 'LIMIT', 0, LAPSED, 'WITHSCORES'))
  local offset, size = 0, 1
  while seen < LIMIT do
    local members = redis.call(
      'ZRANGE', queue, '-inf', '(' .. int(CLAIMED), 'BYSCORE', 'LIMIT', offset, size, 'WITHSCORES')
    if look(members) or #members < 2 * size then break end
    if to_beat and tonumber(members[#members]) - bonus >= to_beat then break end
    offset, size = offset + size, math.min(4 * size, 32)
  end
  return seen
end

-- Counts the agents at the tail, which the scan did not reach: all of them are claimed.
local function count_taken(tally, queue, now_ms)
  local taken = redis.call('ZCOUNT', queue, '(' .. int(CLAIMED + now_ms), '+inf')
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
