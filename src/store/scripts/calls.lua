-- calls: the register of calls of a domain, so that a retry gets the same claim. An entry:
--   ms agent fence wish declined...
-- ms: time of the last request or change. agent and fence: of the call's claim; fence 0: the agent's home was asked, and its
-- answer is not known here. wish: the claim request in one word (src/store/queues.ts), "-" if only another region knows it.
-- declined: agents who have refused the call. sweep.lua removes old entries.

local MOST_DECLINED = 16 -- the latest refusals are kept

-- The entry of a text; nil for none.
local function read_call(text)
  if not text then return nil end
  local agent, fence, wish, declined = string.match(text, '^%d+ (%S+) (%d+) (%S+)(.*)$')
  return { agent = agent, fence = fence, wish = wish, declined = declined }
end

-- An entry as a text.
local function write_call(entry, now_ms)
  return int(now_ms) .. ' ' .. entry.agent .. ' ' .. entry.fence .. ' ' .. entry.wish .. entry.declined
end

-- Three results: the claim with this fence, if it still holds its agent for the call; the agent's record; the same claim even
-- if it has lapsed, as long as it was not ended.
local function live_claim(header, call, fence, now_ms)
  local r = header and parse(header) or nil
  local held = r and holder_of(r, tonumber(fence), call)
  local is_running = held and (held.claim == 'HELD' or held.claim == 'CONFIRMED')
  return is_running and held.lock > now_ms and held or nil, r, is_running and held or nil
end

local function has_declined(entry, id)
  return entry ~= nil and entry.declined ~= '' and string.find(entry.declined .. ' ', ' ' .. id .. ' ', 1, true) ~= nil
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
