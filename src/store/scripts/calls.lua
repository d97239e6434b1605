-- calls: the register of calls of a domain, so that a retry gets the same claim. An entry:
--   ms agent fence wish declined...
-- ms: time of the last request or change. agent and fence: of the call's claim; fence 0: the agent's home was asked, and its
-- answer is not known here. wish: the claim request in one word (src/store/queues.ts), "-" if only another region knows it.
-- declined: agents who have refused the call.

local REMEMBERED_MS = 600000 -- how long an entry is kept after the last change
local CLEANING = 8 -- every 8th write, on average, removes old entries
local LOOKED_AT = 32
local MOST_DECLINED = 16 -- the latest refusals are kept

local function recall(calls, call)
  local value = redis.call('HGET', calls, call)
  if not value then return nil end
  local agent, fence, wish, declined = string.match(value, '^%d+ (%S+) (%d+) (%S+)(.*)$')
  return { agent = agent, fence = fence, wish = wish, declined = declined }
end

-- Three results: the claim with this fence, if it still holds its agent for the call; the agent's record; the same claim even
-- if it has lapsed, as long as it was not ended.
local function live_claim(agents, call, id, fence, now_ms)
  local line = redis.call('HGET', agents, id)
  local r = line and parse(line)
  local held = r and holder_of(r, tonumber(fence), call)
  local is_running = held and (held.claim == 'HELD' or held.claim == 'CONFIRMED')
  return is_running and held.lock > now_ms and held or nil, r, is_running and held or nil
end

local function has_declined(entry, id)
  return entry ~= nil and string.find(entry.declined .. ' ', ' ' .. id .. ' ', 1, true) ~= nil
end

-- Adds an agent to those who have refused the call.
local function and_declined(declined, id)
  local list = {}
  for each in string.gmatch(declined, '%S+') do
    if each ~= id then list[#list + 1] = each end
  end
  list[#list + 1] = id
  return ' ' .. table.concat(list, ' ', math.max(1, #list - MOST_DECLINED + 1))
end

-- Writes the entry of a call. Now and then removes some old entries, so that the hash holds only the calls of the last minutes
-- and those that still hold an agent.
local function remember(calls, agents, call, entry, now_ms, now_us)
  redis.call('HSET', calls, call,
    int(now_ms) .. ' ' .. entry.agent .. ' ' .. entry.fence .. ' ' .. entry.wish .. entry.declined)
  if now_us % CLEANING ~= 0 then return end
  local some = redis.call('HRANDFIELD', calls, LOOKED_AT, 'WITHVALUES')
  for i = 1, #some, 2 do
    local at, agent, fence = string.match(some[i + 1], '^(%d+) (%S+) (%d+)')
    if tonumber(at) < now_ms - REMEMBERED_MS and not live_claim(agents, some[i], agent, fence, now_ms) then
      redis.call('HDEL', calls, some[i])
    end
  end
end
