/**
 * Where one machine has more workers than cores, its scheduler gives them unequal time, for seconds: of 200 pictures
 * four on two cores did 35 to 75 each. So each job counts as a turn of its worker, and `takeTurn` tells how many turns
 * a worker is ahead of the one with the fewest, beyond the two that chance makes: so long it rests.
 *
 * Never told to rest are the workers with the fewest turns that are enough to fill the cores, so that no core is idle
 * for it. One that comes begins level with the last. One that is eight behind hangs on an image, or has gone, and
 * counts no more. After five seconds without a job all is forgotten.
 */
export const TAKE_TURN_LUA = `
  local function takeTurn(machine, worker, share, enough)
    local key = 'darkroom:turns:' .. machine
    local fewest = tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or share)
    redis.call('ZADD', key, 'NX', fewest - share, worker)
    local turns = tonumber(redis.call('ZINCRBY', key, share, worker))
    redis.call('ZREMRANGEBYSCORE', key, '-inf', turns - 9)
    redis.call('EXPIRE', key, 5)
    local behind = redis.call('ZCOUNT', key, '-inf', '(' .. turns)
    return behind < enough and 0 or math.max(0, turns - fewest - 2)
  end`;

/** Where a worker works, by which it takes its turns. */
export interface Place {
  /** The same for all workers of one machine. */
  machine: string;
  /** Images that it has open at once. */
  concurrency: number;
  /** Cores of the machine. */
  cores: number;
}

/** The arguments of `takeTurn` after the worker's name: a job is a turn's share of one of its children. */
export function placeArguments({ machine, concurrency, cores }: Place) {
  return [machine, 1 / concurrency, cores / concurrency] as const;
}
