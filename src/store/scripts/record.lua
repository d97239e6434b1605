-- record: reads and writes agent records, and places agents in queues.
-- One line: a header that scripts read, then the facets, which only TypeScript reads (src/store/record/record.ts).
--   version status lock hold fence until claim by call queue completed reason arrival home skills units facets
-- status: AVAILABLE, BUSY, OFFLINE, or FORGOTTEN. status to reason, except hold, are those of the unit for voice; units holds the
-- other units (units.lua).
-- lock: ms until which a claim holds the unit. hold: ms until which the agent is reserved here while its home, elsewhere, is
-- asked. Both by this shard's clock. until: the claim's end by the clock of the region that granted it: the home, or `by` for a
-- delegated grant. reason: the end reason. completed and arrival are platform time; arrival is the queue position when free
-- (src/agent/status.ts).

local CLAIMED = 1e15 -- scores from here on: claimed until score - 1e15

-- Whole numbers up to 2^53. '%d' takes half the time of '%.0f'.
local function int(n) return string.format('%d', n) end

local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000), t[1] * 1000000 + t[2]
end
--include units

local function parse(line)
  local version, status, lock, hold, fence, end_ms, claim, by, call, queue, completed, reason, arrival, home, skills, units,
    facets =
    string.match(
      line, '^(%d+) (%u+) (%d+) (%d+) (%d+) (%d+) (%S+) (%S+) (%S+) (%S+) (%d+) (%S+) (%d+) (%S+) (%S+) (%S+) (.*)$')
  return {
    version = tonumber(version), status = status, lock = tonumber(lock), hold = tonumber(hold),
    fence = tonumber(fence), end_ms = tonumber(end_ms), claim = claim, by = by, call = call, queue = queue,
    completed = tonumber(completed), reason = reason, arrival = tonumber(arrival), home = home, skills = skills,
    units = parse_units(units), facets = facets, line = line,
  }
end

-- Parses only what a scan needs: a scan reads many records and claims one.
local function glance(line)
  local status, lock, hold, call, arrival, home, skills, units = string.match(
    line, '^%d+ (%u+) (%d+) (%d+) %d+ %d+ %S+ %S+ (%S+) %S+ %d+ %S+ (%d+) (%S+) (%S+) (%S+)')
  return {
    status = status, lock = tonumber(lock), hold = tonumber(hold), call = call, arrival = tonumber(arrival),
    home = home, skills = skills, units = parse_units(units), line = line,
  }
end

-- Stores the record under a new version. It is larger than any before, even if a failover lost the last ones.
local function store(agents, id, r, now_us)
  r.version = math.max(r.version + 1, now_us)
  r.line = table.concat({
    int(r.version), r.status, int(r.lock), int(r.hold), int(r.fence), int(r.end_ms), r.claim, r.by, r.call, r.queue,
    int(r.completed), r.reason, int(r.arrival), r.home, r.skills, write_units(r.units), r.facets }, ' ')
  redis.call('HSET', agents, id, r.line)
  return r.line
end

-- The media type of a queue's key: queue:{...} is for voice, queue.chat:{...} for chat.
local function media_of(queue) return string.match(queue, '^queue%.([%a_]+):') or 'voice' end

-- Places the agent in a queue by its record: waiting, at the tail while claimed, or not at all.
local function place(queue, id, r, now_ms)
  if not r then return redis.call('ZREM', queue, id) end
  local from, _, in_hand = open_from(r, media_of(queue), now_ms)
  if not from then return redis.call('ZREM', queue, id) end
  local taken = math.max(from, r.hold)
  redis.call('ZADD', queue, int(taken > now_ms and CLAIMED + taken or in_hand * STEP + r.arrival), id)
end
