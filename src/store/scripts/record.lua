-- record: reads and writes the headers of agents, and places agents in queues.
-- A header has a fixed part (src/store/record/layout.ts), then "home skills units", a line break, and "by call queue reason" of
-- the claim on voice. by: the region of a delegated grant, or "-". reason: the end reason, or "-". units: units.lua. The
-- facets lie in another hash, which only commit writes.
--include layout

-- Whole numbers up to 2^53.
local function int(n) return string.format('%d', n) end

local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000), t[1] * 1000000 + t[2]
end
--include units

local function parse(header)
  local home, skills, units, by, call, queue, reason =
    string.match(header, '^(%S+) (%S+) (%S+)\n(%S+) (%S+) (%S+) (%S+)$', REST)
  return record_of(header, home, skills, parse_units(units), by, call, queue, reason)
end

local function write(r)
  return fixed_part(r) .. r.home .. ' ' .. r.skills .. ' ' .. write_units(r.units) .. '\n'
    .. r.by .. ' ' .. r.call .. ' ' .. r.queue .. ' ' .. r.reason
end

-- The header of an agent, in this format; false if there is none.
local function header_of(agents, id) return current(redis.call('HGET', agents, id)) end

-- The next version. It is larger than any before, even if a failover lost the last ones.
local function next_version(version, now_us) return math.max(version + 1, now_us) end

-- The record as a header, under a new version.
local function write_anew(r, now_us)
  r.version = next_version(r.version, now_us)
  return write(r)
end

-- The media type of a queue's key: queue:{...} is for voice, queue.chat:{...} for chat.
local function media_of(queue) return string.match(queue, '^queue%.([%a_]+):') or 'voice' end

-- As `score_of`, for an agent with units.
local function score_with_units(r, media, now_ms)
  local from, _, in_hand = open_from(r, media, now_ms)
  if not from then return nil end
  local taken = math.max(from, r.hold)
  return int(taken > now_ms and CLAIMED + taken or in_hand * STEP + r.arrival)
end

-- The score of an agent in a queue by the header: waiting, or at the tail while claimed; nil if not in the queue at all. now: the
-- time as a header holds it.
local function score_of(header, queue, now_ms, now)
  local voice = header and string.byte(header, VOICE)
  if voice == UNITS then return score_with_units(parse(header), media_of(queue), now_ms) end
  if voice ~= AVAILABLE then return nil end
  local lock, hold = string.sub(header, LOCK, LOCK_END), string.sub(header, HOLD, HOLD_END)
  local taken = lock > hold and lock or hold
  return taken > now and TAIL .. taken or string.sub(header, ARRIVAL, ARRIVAL_END)
end

local function place(queue, id, header, now_ms, now)
  local score = score_of(header, queue, now_ms, now)
  if score then redis.call('ZADD', queue, score, id) else redis.call('ZREM', queue, id) end
end
