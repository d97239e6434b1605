-- find: finds the best agents of a queue. Changes nothing.
-- KEYS  1 queue, 2 agents
-- ARGV  1 required skills (",name:level,..."), 2 bonus in ms for 100 levels of skill surplus,
--       3 homes to pass over, with reasons (",a:stale,b:budget,"), 4 platform-verified agents (" a b "),
--       5 how many agents, 6 "1" to list all considered agents
-- Answers {found, clock ms, counts, considered}: found lists {agent, record}, the best first; the rest is as in claim.
--include record
--include walk

local want = wanted(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4])
local most = tonumber(ARGV[5])
local now_ms = clock()
local tally, considered, best = {}, {}, {}

local function visit(id, r, _, why, rank)
  if ARGV[6] == '1' then considered[#considered + 1] = { id, why or '', r and r.line or '' } end
  if why then
    tally[why] = (tally[why] or 0) + 1
  else
    local at = #best + 1
    while at > 1 and best[at - 1].rank > rank do at = at - 1 end
    table.insert(best, at, { id = id, line = r.line, rank = rank })
    best[most + 1] = nil
  end
  return best[most] and best[most].rank
end

local seen = walk(KEYS[1], KEYS[2], want, now_ms, visit)
count_taken(tally, KEYS[1], now_ms)
local found = {}
for i, b in ipairs(best) do found[i] = { b.id, b.line } end
return { found, int(now_ms), flatten(tally, seen), considered }
