-- calls: which claim a call has, remembered as "ms agent fence", so that a retry is given the same one.
-- Fence 0: the agent's home was asked, and what it said is not known here.

local REMEMBERED_MS = 600000 -- how long a call keeps its claim from its last asking; longer while it holds an agent
local CLEANING = 8 -- one write in so many looks for calls to forget
local LOOKED_AT = 32

local function recall(calls, call)
  local value = redis.call('HGET', calls, call)
  if not value then return nil end
  return string.match(value, '^%d+ (%S+) (%d+)$')
end

-- Whether the claim still holds its agent.
local function is_held(agents, id, fence, now_ms)
  local line = redis.call('HGET', agents, id)
  local r = line and parse(line)
  local held = r and holder_of(r, tonumber(fence))
  return held and held.lock > now_ms
end

-- Notes the claim of a call, and now and then forgets a few of long ago: the hash stays in proportion to the calls of
-- the last minutes and to those that still hold an agent.
local function remember(calls, agents, call, id, fence, now_ms, now_us)
  redis.call('HSET', calls, call, int(now_ms) .. ' ' .. id .. ' ' .. fence)
  if now_us % CLEANING ~= 0 then return end
  local some = redis.call('HRANDFIELD', calls, LOOKED_AT, 'WITHVALUES')
  for i = 1, #some, 2 do
    local at, agent, of = string.match(some[i + 1], '^(%d+) (%S+) (%d+)$')
    if tonumber(at) < now_ms - REMEMBERED_MS and not is_held(agents, agent, of, now_ms) then
      redis.call('HDEL', calls, some[i])
    end
  end
end
