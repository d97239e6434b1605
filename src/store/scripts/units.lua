-- units: an agent's capacity beyond one voice interaction, as the record's field `units` has it: "-" for none, else
--   left|told|open|unit;unit;...
-- What may be taken by all that the platform tells was decided in src/agent/status.ts; scripts take off live locks, which
-- only the shard's clock can tell. left: interactions that may come, all together, or "-". open: the types of which one
-- more may come, ";chat:2:1:,voice,email,;": how many may, how many are in hand, beside which other types they may.
-- told: what is counted in that, by type and call, ",voice:,chat:c1,"; of voice there is one, under whatever name.
-- unit: name:state:lock:fence:until:claim:by:call:queue:completed:reason, e.g. "chat-2:F:0:0:0:-:-:-:-:0:-", where state
-- says F for a unit of the capacity, C for one that is given to nobody any more.

local STEP = 1e13 -- in a line of another type than voice, every interaction in hand comes before all waiting

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

-- The highest fence that was given on the agent, for whatever type.
local function highest_fence(r)
  local fence = r.fence
  for _, u in ipairs(r.units and r.units.list or {}) do fence = math.max(fence, u.fence) end
  return fence
end

-- Holder of the claim of a call: the record itself, for voice, or a unit; nil where none has it. The fence alone does not tell:
-- two regions that could not hear each other may have given it on two units of the agent.
local function holder_of(r, fence, call)
  local function has(held) return held.fence == fence and (held.call == call or held.call == '-') end
  if has(r) then return r end
  for _, u in ipairs(r.units and r.units.list or {}) do
    if has(u) then return u end
  end
end

-- Of an open type, what live locks leave: from when on one more may come, at the earliest; the unit that it would take;
-- how many the agent has in hand.
local function less_locks(r, media, left, in_hand, beside, now_ms)
  local units, from, best, best_lock = r.units, 0, nil, nil
  local same, all, first_same, first = 0, 0, math.huge, math.huge
  local function add(held, of)
    local is_told = string.find(units.told, ',' .. of .. ':' .. (of == 'voice' and '' or held.call .. ','), 1, true)
    if of == media and (of == 'voice' or held.state == 'F') then
      -- A lapsed claim whose interaction goes on keeps its unit while there is another.
      local lock = held.lock > now_ms and held.lock or is_told and now_ms or math.min(held.lock, now_ms - 1)
      if not best or lock < best_lock then best, best_lock = held, lock end
    end
    if held.lock <= now_ms then return end
    if of == media then
      if not is_told then same, first_same = same + 1, math.min(first_same, held.lock) end
    elseif not string.find(beside, ',' .. of .. ',', 1, true) then
      from = math.max(from, held.lock)
    end
    if not is_told and not string.find(units.told, ':' .. held.call .. ',', 1, true) then
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

-- From when on the agent can be given an interaction of this type: a time in ms, past or to come; nil where what the
-- platform tells stands in the way. With it the unit that it would take, nil for voice, and how many of the type are in
-- hand, 0 for voice.
local function open_from(r, media, now_ms)
  if not r.units then
    if media ~= 'voice' or r.status ~= 'AVAILABLE' then return nil end
    return r.lock, nil, 0
  end
  local left, in_hand, beside = string.match(r.units.open, ';' .. media .. ':(%d+):(%d+):([^;]*);')
  if not left then return nil end
  local from, unit, count = less_locks(r, media, tonumber(left), tonumber(in_hand), beside, now_ms)
  if media == 'voice' then return from, nil, 0 end
  return from, unit, count
end
