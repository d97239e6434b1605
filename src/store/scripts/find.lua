-- find: finds the best agents of a queue. Changes nothing.
-- KEYS  1 queue, 2 agents, 3 changes, 4 common skills, 5 store, then the sets of those who have the required skills
-- ARGV  1 the request, as JSON: the parts of walk.lua, `surplus_ms`, `most` agents, `cursor` and `counted` as in claim, and `explain` to
--       list all that were considered
-- Answers {found, clock ms, counts, considered, cursor}: found lists {agent, header}, the best first. With a cursor, nobody was
-- found yet, and the next trip goes on from it; "again": from the beginning. The rest is as in claim.
--include record
--include hash
--include skills
--include walk
--include format

local wrong = wrong_format(KEYS[5])
if wrong then return wrong end

local queue, changes = KEYS[1], KEYS[3]
local request = cjson.decode(ARGV[1])
local want, most = wanted(queue, request, request.surplus_ms), request.most
local now_ms = clock()
local now = int(now_ms)
local headers = open_hash(KEYS[2], current)
local tally, considered, best = {}, {}, {}
local is_found = {} -- one who changed between two trips may stand in the rest of the line, too
local free_ms = math.huge

local function visit(id, header, why, rank)
  if why == 'claimed' or why == 'held' then
    free_ms = math.min(free_ms, free_at(header, queue, now_ms, now))
  end
  if request.explain then considered[#considered + 1] = { id, why or '', header or '' } end
  if why then
    tally[why] = (tally[why] or 0) + 1
  elseif not is_found[id] then
    is_found[id] = true
    local at = #best + 1
    while at > 1 and best[at - 1].rank > rank do at = at - 1 end
    table.insert(best, at, { id = id, header = header, rank = rank })
    best[most + 1] = nil
  end
  return best[most] and best[most].rank
end

local function answer(seen, cursor)
  local found = {}
  for i, b in ipairs(best) do found[i] = { b.id, b.header } end
  return { found, now, counts_of(tally, seen), considered, cursor or '' }
end

local holders = holders_of(queue, request, function(skill) return is_common(KEYS[4], skill) end, KEYS, 5)
if holders then
  local seen = #holders > 0 and walk_holders(queue, holders, headers, want, now_ms, now, visit) or 0
  if #best < most then count_others(tally, queue, 'skill', #best) end
  return answer(seen)
end

local from, changed = 1, {}
if request.cursor then
  local known_free_ms
  from, changed, known_free_ms = resumed(queue, changes, request.cursor, now_ms)
  if not from then return answer(0, 'again') end
  free_ms = tonumber(known_free_ms) or free_ms
  if #changed > 0 then walk_holders(queue, changed, headers, want, now_ms, now, visit) end
end
local lapsed = lapsed_in(queue, now, MOST_LAPSED)
local seen, last
if want.in_order and #lapsed == 0 and #changed == 0 then
  seen, last = walk_in_order(open_line(queue, from > 1 and 32 or 1, from - 1), headers, want, now_ms, now, visit)
else
  seen, last = walk_by_score(queue, headers, want, from, lapsed, now_ms, now, visit)
end
if #best == 0 and (last or #lapsed >= MOST_LAPSED) then
  return answer(seen, last and cursor_at(queue, changes, last, free_ms, now) or 'again')
end
if #best < most then count_others(tally, queue, 'claimed', #best + (request.counted or 0)) end
return answer(seen)
