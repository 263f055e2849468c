/** What is to stand under an Idempotency-Key from now on. */
export interface ClaimEntry {
  /** The entry's key in Redis. */
  key: string;
  /** What stood there when it was claimed. */
  held: string;
  /** What is to stand there; nothing, where empty. */
  value: string;
  seconds: number;
}

/**
 * Lua function `replaceClaim(key, held, value, seconds)`: changes an entry where it is still as its holder left it, or
 * has lapsed, and tells whether it did; by now it may be another's.
 */
export const REPLACE_CLAIM_LUA = `
  local function replaceClaim(key, held, value, seconds)
    local there = redis.call('GET', key)
    if there and there ~= held then return 0 end
    if value == '' then
      redis.call('DEL', key)
    else
      redis.call('SET', key, value, 'EX', seconds)
    end
    return 1
  end`;
