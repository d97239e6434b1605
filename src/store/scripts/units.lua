-- units: an agent's capacity beyond one voice interaction, in the record's field `units`: "-" for none, else
--   left|told|open|unit;unit;...
-- src/agent/status.ts computes it from what the platform reported; scripts subtract live locks, which depend on the shard's
-- clock. left: interactions that may be added in all, or "-" for no limit. open: the media types that may be added,
-- ";chat:2:1:,voice,email,;": how many, how many are in hand, and the types that may run at the same time.
-- told: the reported interactions in these numbers, by type and call, ",voice:,chat:c1,"; for voice without a call.
-- unit: name:state:lock:fence:until:claim:by:call:queue:completed:reason, e.g. "chat-2:F:0:0:0:-:-:-:-:0:-". state is F for
-- a unit of the capacity, C for one that takes no further claims.

local UNIT = '([^:;]+):(%u):(%d+):(%d+):(%d+):([^:;]+):([^:;]+):([^:;]+):([^:;]+):(%d+):([^:;]+)'

local function parse_units(text)
  if text == '-' then return nil end
  local left, told, open, list = string.match(text, '^([^|]+)|([^|]*)|([^|]*)|(.*)$')
  local units = { left = left, told = told, open = open, list = {} }
  for name, state, lock, fence, end_ms, claim, by, call, queue, completed, reason in string.gmatch(list, UNIT) do
    units.list[#units.list + 1] = {
      name = name, media = string.match(name, '^[%a_]+'), state = state, lock = tonumber(lock), fence = tonumber(fence),
      end_ms = tonumber(end_ms), claim = claim, by = by, call = call, queue = queue, completed = tonumber(completed),
      reason = reason,
    }
  end
  return units
end

local function write_units(units)
  if not units then return '-' end
  local list = {}
  for i, u in ipairs(units.list) do
    list[i] = table.concat({
      u.name, u.state, int(u.lock), int(u.fence), int(u.end_ms), u.claim, u.by, u.call, u.queue, int(u.completed), u.reason }, ':')
  end
  return table.concat({ units.left, units.told, units.open, table.concat(list, ';') }, '|')
end

local function unit_named(units, name)
  for _, u in ipairs(units and units.list or {}) do
    if u.name == name then return u end
  end
end

-- The highest fence of the agent, over all units.
local function highest_fence(r)
  local fence = r.fence
  for _, u in ipairs(r.units and r.units.list or {}) do fence = math.max(fence, u.fence) end
  return fence
end

-- The holder of a call's claim: the record itself for voice, or a unit; nil if there is none. The fence alone is not enough: two
-- regions that could not reach each other may have used it on two units of the agent.
local function holder_of(r, fence, call)
  local function has(held) return held.fence == fence and (held.call == call or held.call == '-') end
  if has(r) then return r end
  for _, u in ipairs(r.units and r.units.list or {}) do
    if has(u) then return u end
  end
end

-- Subtracts live locks from an open media type. Answers the earliest time at which one more interaction may come, the unit that
-- it would take, and how many the agent has in hand.
local function less_locks(r, media, left, in_hand, beside, now_ms)
  local units, from, best, best_lock = r.units, 0, nil, nil
  local same, all, first_same, first = 0, 0, math.huge, math.huge
  local function add(held, of)
    local is_told = string.find(units.told, ',' .. of .. ':' .. (of == 'voice' and '' or held.call .. ','), 1, true)
    if of == media and (of == 'voice' or held.state == 'F') then
      -- A unit whose claim has lapsed while its interaction goes on is used last.
      local lock = held.lock > now_ms and held.lock or is_told and now_ms or math.min(held.lock, now_ms - 1)
      if not best or lock < best_lock then best, best_lock = held, lock end
    end
    if held.lock <= now_ms then return end
    if of == media then
      if not is_told then same, first_same = same + 1, math.min(first_same, held.lock) end
    elseif not string.find(beside, ',' .. of .. ',', 1, true) then
      from = math.max(from, held.lock)
    end
    -- A reported call stands for a claim on voice alone, even if it bears the id of a claim on another unit.
    local is_other = r.lock > now_ms and string.find(units.told, ',voice:' .. held.call .. ',', 1, true)
    if not is_told and (is_other or not string.find(units.told, ':' .. held.call .. ',', 1, true)) then
      all, first = all + 1, math.min(first, held.lock)
    end
  end
  add(r, 'voice')
  for _, u in ipairs(units.list) do add(u, u.media) end
  if not best then return nil end
  from = math.max(from, best.lock)
  if same >= left then from = math.max(from, first_same) end
  if units.left ~= '-' and all >= tonumber(units.left) then from = math.max(from, first) end
  return from, best, in_hand + same
end

-- The earliest time in ms, past or future, at which the agent can take an interaction of this type; nil if reported interactions
-- do not allow it. Also the unit that it would take, nil for voice, and the interactions of the type in hand, 0 for
-- voice.
local function open_from(r, media, now_ms)
  if not r.units then
    if media ~= 'voice' or string.byte(r.voice) ~= AVAILABLE then return nil end
    return r.lock, nil, 0
  end
  local left, in_hand, beside = string.match(r.units.open, ';' .. media .. ':(%d+):(%d+):([^;]*);')
  if not left then return nil end
  local from, unit, count = less_locks(r, media, tonumber(left), tonumber(in_hand), beside, now_ms)
  if media == 'voice' then return from, nil, 0 end
  return from, unit, count
end
