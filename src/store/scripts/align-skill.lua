-- align-skill: corrects whether an agent is among those who have a skill, if the record is still the one that was compared.
-- KEYS  1 agents, 2 common skills, 3 the set of those who have the skill, 4 store
-- ARGV  1 agent, 2 version compared ("0": no record), 3 the skill, 4 "1" if the agent has it
-- Answers 1 if it changed; 0 if not, or if the record has changed since.
--include record
--include skills
--include writes
--include format

local wrong = wrong_format(KEYS[4])
if wrong then return wrong end

local id, skill = ARGV[1], ARGV[3]
local header = header_of(KEYS[1], id)
local version = header and int(tonumber(string.sub(header, VERSION, VERSION_END))) or '0'
if version ~= ARGV[2] then return 0 end
if ARGV[4] == '1' and (is_common(KEYS[2], skill) or redis.call('SISMEMBER', KEYS[3], id) == 1) then return 0 end
count_write(KEYS[4])
if ARGV[4] ~= '1' then return redis.call('SREM', KEYS[3], id) end
gain_skill(KEYS[2], KEYS[3], skill, id)
return 1
