-- find: finds the best agents of a queue. Changes nothing.
-- KEYS  1 queue, 2 agents
-- ARGV  1 the request, as JSON: the parts of walk.lua, `surplus_ms`, `most` agents, and `explain` to list all that were considered
-- Answers {found, clock ms, counts, considered}: found lists {agent, header}, the best first; the rest is as in claim.
--include record
--include headers
--include walk

local queue = KEYS[1]
local request = cjson.decode(ARGV[1])
local want, most = wanted(queue, request, request.surplus_ms), request.most
local now_ms = clock()
local now = int(now_ms)
local headers = open_headers(KEYS[2])
local tally, considered, best = {}, {}, {}

local function visit(id, header, why, rank)
  if request.explain then considered[#considered + 1] = { id, why or '', header or '' } end
  if why then
    tally[why] = (tally[why] or 0) + 1
  else
    local at = #best + 1
    while at > 1 and best[at - 1].rank > rank do at = at - 1 end
    table.insert(best, at, { id = id, header = header, rank = rank })
    best[most + 1] = nil
  end
  return best[most] and best[most].rank
end

local lapsed = lapsed_in(queue, now)
local seen
if want.in_order and #lapsed == 0 then seen = walk_in_order(open_line(queue, 1), headers, want, now_ms, now, visit)
else seen = walk_by_score(queue, headers, want, lapsed, now_ms, now, visit) end
if #best < most then count_taken(tally, queue, seen, #best) end
local found = {}
for i, b in ipairs(best) do found[i] = { b.id, b.header } end
return { found, now, counts_of(tally, seen), considered }
