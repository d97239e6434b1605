-- headers: the headers that a script has read or changed, so that the requests of a batch share them. `flush` writes all
-- changes with one command.

local function open_headers(agents)
  local known, changed = {}, {}
  local headers = {}

  -- The header; false if there is none.
  function headers.get(id)
    local header = known[id]
    if header == nil then
      header = redis.call('HGET', agents, id)
      known[id] = header
    end
    return header
  end

  function headers.fetch(ids)
    local missing = {}
    for i = 1, #ids do
      if known[ids[i]] == nil then missing[#missing + 1] = ids[i] end
    end
    if #missing == 0 then return end
    local found = redis.call('HMGET', agents, unpack(missing))
    for i = 1, #missing do known[missing[i]] = found[i] end
  end

  function headers.set(id, header)
    known[id] = header
    changed[#changed + 1], changed[#changed + 2] = id, header
  end

  -- Stores the record under a new version.
  function headers.store(id, r, now_us)
    r.version = next_version(r.version, now_us)
    local header = write(r)
    headers.set(id, header)
    return header
  end

  function headers.flush()
    if #changed > 0 then redis.call('HSET', agents, unpack(changed)) end
  end

  return headers
end
