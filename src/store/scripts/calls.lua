-- calls: what a domain knows of a call, so that a retry is given the same claim:
--   ms agent fence wish declined...
-- ms: when its claim was last asked for or moved. agent and fence: whom the call has; fence 0: the agent's home was asked,
-- and what it said is not known here. wish: what the call asked for, in one word (src/store/queues.ts), "-" where only
-- another region knows. declined: agents who have refused the call.

local REMEMBERED_MS = 600000 -- how long an entry outlives the last that was heard of its claim
local CLEANING = 8 -- one write in so many looks for calls to forget
local LOOKED_AT = 32
local MOST_DECLINED = 16 -- agents who have refused a call; of more the latest

local function recall(calls, call)
  local value = redis.call('HGET', calls, call)
  if not value then return nil end
  local agent, fence, wish, declined = string.match(value, '^%d+ (%S+) (%d+) (%S+)(.*)$')
  return { agent = agent, fence = fence, wish = wish, declined = declined }
end

-- The claim of this fence, if it still holds its agent for the call; the agent's record; the call's claim, whether or not its
-- time is over, as long as nobody has ended it.
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

-- The agents who have refused the call, with one more.
local function and_declined(declined, id)
  local list = {}
  for each in string.gmatch(declined, '%S+') do
    if each ~= id then list[#list + 1] = each end
  end
  list[#list + 1] = id
  return ' ' .. table.concat(list, ' ', math.max(1, #list - MOST_DECLINED + 1))
end

-- Writes the entry of a call, and now and then forgets a few of long ago: the hash stays in proportion to the calls of the
-- last minutes and to those that still hold an agent.
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
