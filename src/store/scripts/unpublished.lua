-- unpublished: reads the changes of a domain that are to be published next.
-- KEYS  1 changes, 2 store
-- ARGV  1 limit of changes, 2 id for a store that has none yet, 3 and 4 what is published, if that is news: the position that a read
--       began behind, and the one up to which all is published since, 5 the number of changes between them, 6 the id of the store
--       that was read
-- Answers {id of the store, latest position, position that this read begins behind, position that it goes up to, number of changes,
-- {{position, fields}, ...}: those that are ours to publish}.
-- The store's fields: id; writes: see writes.lua; published: the position up to which all is published; passed: the number of changes
-- up to there since the beginning; trimmed: the number of those that the stream no longer has; marks: "passed position" of some
-- positions, the oldest first; gap, left_out: see changes.lua.
-- The stream keeps everything that is not published, and at least the last CHANGES_KEPT changes that are, for those who follow it.
--include layout
--include format

local wrong = wrong_format(KEYS[2])
if wrong then return wrong end

local MARK_EVERY = 1000

local changes, store = KEYS[1], KEYS[2]
-- Where the memory is full, Redis refuses what takes memory, but not in a script that has begun with another write. What is read here
-- makes room.
redis.call('HDEL', store, '-')
local known = redis.call('HMGET', store, 'id', 'published', 'passed', 'trimmed', 'marks', 'gap')
local id, published, passed, trimmed, marks =
  known[1] or ARGV[2], known[2] or '0-0', tonumber(known[3] or 0), tonumber(known[4] or 0), known[5] or ''
local gap = known[6]

local function is_later(position, other)
  local ms, n = string.match(position, '^(%d+)-(%d+)$')
  local other_ms, other_n = string.match(other, '^(%d+)-(%d+)$')
  if ms ~= other_ms then return tonumber(ms) > tonumber(other_ms) end
  return tonumber(n) > tonumber(other_n)
end

-- Removes what nobody needs any more: up to the last mark that is old enough.
local function trim()
  while true do
    local at, position, rest = string.match(marks, '^(%d+) (%S+) ?(.*)$')
    local after = rest and string.match(rest, '^(%d+)')
    if not after or passed - tonumber(after) < CHANGES_KEPT then return end
    local from = string.match(rest, '^%d+ (%S+)')
    trimmed = trimmed + redis.call('XTRIM', changes, 'MINID', from)
    if gap and is_later(from, gap) then
      trimmed, gap = trimmed - 1, nil
      redis.call('HDEL', store, 'gap')
    end
    marks = rest
  end
end

-- The number of changes among entries: the gap is none.
local function count_of(entries)
  for i = #entries, 1, -1 do if entries[i][1] == gap then return #entries - 1 end end
  return #entries
end

-- Another instance may have published the same meanwhile, or some of it.
local function pass(from, to, count)
  if not is_later(to, published) then return end
  if from ~= published then count = count_of(redis.call('XRANGE', changes, '(' .. published, to)) end
  local last_mark = tonumber(string.match(marks, '(%d+) %S+$') or 0)
  published, passed = to, passed + count
  if passed - last_mark < MARK_EVERY then return end
  marks = (marks == '' and '' or marks .. ' ') .. string.format('%d', passed) .. ' ' .. to
  trim()
end

-- Of another store, the positions say nothing here: it was emptied since.
if ARGV[3] and ARGV[6] == id then pass(ARGV[3], ARGV[4], tonumber(ARGV[5])) end
local entries = redis.call('XRANGE', changes, '(' .. published, '+', 'COUNT', ARGV[1])
local to, ours = published, {}
for i = 1, #entries do
  local fields = entries[i][2]
  if fields[3] == 'm' or fields[5] == 'o' then ours[#ours + 1] = entries[i] end
  to = entries[i][1]
end
local latest = to
if #entries == tonumber(ARGV[1]) then latest = redis.call('XREVRANGE', changes, '+', '-', 'COUNT', 1)[1][1] end
-- A write, so that a replica which acknowledges it holds everything that was read.
redis.call('HSET', store, 'id', id, 'published', published, 'passed', string.format('%d', passed), 'trimmed',
  string.format('%d', trimmed), 'marks', marks)
return { id, latest, published, to, count_of(entries), ours }
