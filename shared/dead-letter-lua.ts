/**
 * Lua function `dropDead(id)`, for the scripts after which nothing of a job's dead letter may be left; and
 * `dropDeadEntry(entry)`, of an entry of `darkroom:dead`: these are an id and the size of its image, so that the bytes
 * of a letter that has expired are still known.
 */
export const DEAD_LETTER_LUA = `
  local function dropDeadEntry(entry)
    local id, bytes = string.match(entry, '^(%S+) (%d+)$')
    redis.call('DEL', 'darkroom:dead:' .. id, 'darkroom:dead:' .. id .. ':image')
    if redis.call('ZREM', 'darkroom:dead', entry) == 0 then return end
    if redis.call('DECRBY', 'darkroom:dead:bytes', bytes) == 0 then redis.call('DEL', 'darkroom:dead:bytes') end
  end
  local function dropDead(id)
    local bytes = redis.call('HGET', 'darkroom:dead:' .. id, 'bytes')
    if bytes then dropDeadEntry(id .. ' ' .. bytes) end
    return bytes and 1 or 0
  end`;
