-- units: an agent's capacity beyond one voice interaction, as the record's field `units` has it: "-" for none, else
--   total/own|exclusions|unit;unit;...
-- total: interactions at a time, or "-". own: how many the platform tells of on the unit for voice, 0 or 1.
-- exclusions: ",chat/voice,": work of the first type keeps interactions of the second away.
-- unit: name:state:lock:fence:until:claim:by:call:queue:completed:reason, e.g. "chat-2:F:0:0:0:-:-:-:-:0:-", where state says,
-- but for claims, F free, T taken by an interaction that the platform tells of, C closed (src/agent/units.ts).

local STEP = 1e13 -- in a line of another type than voice, every interaction in hand comes before all waiting

local UNIT = '([^:;]+):(%u):(%d+):(%d+):(%d+):([^:;]+):([^:;]+):([^:;]+):([^:;]+):(%d+):([^:;]+)'

local function parse_units(text)
  if text == '-' then return nil end
  local total, own, exclusions, list = string.match(text, '^([^|/]+)/(%d)|([^|]*)|(.*)$')
  local units = { total = tonumber(total), own = tonumber(own), exclusions = exclusions, list = {} }
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
  local total = units.total and int(units.total) or '-'
  return total .. '/' .. int(units.own) .. '|' .. units.exclusions .. '|' .. table.concat(list, ';')
end

local function unit_named(units, name)
  for _, u in ipairs(units and units.list or {}) do
    if u.name == name then return u end
  end
end

-- The highest fence that was given on the agent, for whatever type.
local function highest_fence(r)
  local fence = r.fence
  for _, u in ipairs(r.units and r.units.list or {}) do fence = math.max(fence, u.fence) end
  return fence
end

-- What holds the claim of this fence: the record itself, for voice, or a unit; nil where none does.
local function holder_of(r, fence)
  if r.fence == fence then return r end
  for _, u in ipairs(r.units and r.units.list or {}) do
    if u.fence == fence then return u end
  end
end

-- From when on, as claims stand, the agent's other work lets an interaction of this type come: a time in ms, past or to
-- come. What the platform tells of that work is in the states already.
local function let_from(r, media, now_ms)
  local units, from = r.units, 0
  local in_hand, first = 0, nil
  local function held(of, lock, is_taken)
    local is_locked = lock > now_ms
    if is_locked and of ~= media and string.find(units.exclusions, ',' .. of .. '/' .. media .. ',', 1, true) then
      from = math.max(from, lock)
    end
    if is_taken or is_locked then in_hand = in_hand + 1 end
    if is_locked and not is_taken and (not first or lock < first) then first = lock end
  end
  held('voice', r.lock, units.own > 0)
  for _, u in ipairs(units.list) do held(u.media, u.lock, u.state == 'T') end
  if units.total and in_hand >= units.total and first then from = math.max(from, first) end
  return from
end

-- From when on the agent can be given an interaction of this type: a time in ms, past or to come; nil where what the
-- platform tells stands in the way. With it the unit that it would take, nil for voice, and how many of the type are in
-- hand.
local function open_from(r, media, now_ms)
  if media == 'voice' then
    if r.status ~= 'AVAILABLE' then return nil end
    return r.units and math.max(r.lock, let_from(r, media, now_ms)) or r.lock, nil, 0
  end
  local best, in_hand = nil, 0
  for _, u in ipairs(r.units and r.units.list or {}) do
    if u.media == media then
      if u.state == 'T' or u.lock > now_ms then in_hand = in_hand + 1 end
      if u.state == 'F' and (not best or u.lock < best.lock) then best = u end
    end
  end
  if not best then return nil end
  return math.max(best.lock, let_from(r, media, now_ms)), best, in_hand
end
