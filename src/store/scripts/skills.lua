-- skills: which agents have a skill, so that a request for a rare one looks at them and not at a whole queue. A set per skill with
-- the agents of the domain who have it, whatever they do. A skill that many have gets no set: it is a member of the set of common
-- skills from then on.

local MOST_HOLDERS = 512 -- agents in a set

local function is_common(commons, skill) return redis.call('SISMEMBER', commons, skill) == 1 end

-- Adds an agent to those who have a skill.
local function gain_skill(commons, key, skill, id)
  if is_common(commons, skill) then return end
  redis.call('SADD', key, id)
  if redis.call('SCARD', key) <= MOST_HOLDERS then return end
  redis.call('SADD', commons, skill)
  redis.call('DEL', key)
end
