-- hash: the fields of a hash that a script has read or changed, so that the requests of a batch share them. `flush` writes all
-- changes with one command.

-- read: makes of a stored value what the script works with; default: the value itself.
local function open_hash(key, read)
  local known, changed = {}, {}
  local hash = {}

  -- The value; false if there is none.
  function hash.get(field)
    local value = known[field]
    if value == nil then
      value = redis.call('HGET', key, field)
      if read then value = read(value) end
      known[field] = value
    end
    return value
  end

  -- Reads fields that are not known yet with one command.
  function hash.fetch(fields)
    local missing = {}
    for i = 1, #fields do
      if known[fields[i]] == nil then missing[#missing + 1] = fields[i] end
    end
    if #missing == 0 then return end
    local found = redis.call('HMGET', key, unpack(missing))
    for i = 1, #missing do known[missing[i]] = read and read(found[i]) or found[i] end
  end

  function hash.set(field, value)
    known[field] = value
    changed[#changed + 1], changed[#changed + 2] = field, value
  end

  function hash.flush()
    if #changed > 0 then redis.call('HSET', key, unpack(changed)) end
  end

  return hash
end
