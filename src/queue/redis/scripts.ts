/**
 * The steps of a job's life as Lua scripts: Redis runs each as one, so every process sees a job in one state, whatever
 * dies in between. All keys begin with the prefix, which has a hash tag: on a cluster they lie on one node.
 *
 *   job:<id>       hash    state (waiting | running | answering), job as JSON, owner, runner, round, outcome ...
 *   reply:<id>     string  reply target, apart from the job because it may hold a token; with a time to live
 *   done:<id>      string  finished lately: a repeated submission is recognised
 *   live           zset    all ids by acceptance         running   zset  ids by start
 *   pending        zset    accepted, not in BullMQ yet   expiring  zset  ids by their deadline
 *   depth          hash    how many waiting, running, answering
 *   lane:<lane>    hash    the same of one lane, and its last round      turns:<lane>  zset  its waiting ids by round
 *   serving, base          the round being served; the round that has BullMQ priority 1
 *   instances      zset    living processes by the time until which they count as alive; 0 = ended in good order
 *   beaten, steady         the last sign of life of any process; the time since which there is no gap between them
 *   slots          hash    worker slots of each process  owned:<instance>  set  jobs a process answers for
 *   times          hash    average milliseconds of a photo, per style and ('') over all
 *   to:<instance>          channel for messages to one process
 *   photos:*               BullMQ's own: the line of waiting jobs, locks of running ones
 *
 * Turns are start-time fair queueing as in `fair-queue.ts`: a job gets the round after its lane's last one, or the
 * round being served if that is later. BullMQ runs the lowest priority first, so the priority is the round, counted
 * from `base`, which moves up whenever nothing waits or runs. (A lane would have to keep the service busy without a
 * pause for two million photos of its own to reach BullMQ's highest priority; from there on it is first come.)
 *
 * A full Redis refuses a script at its first command that may need memory, unless the script has written before. So
 * those that carry accepted jobs on begin with a removal (`goOn`): a full Redis takes nothing in, but lets all out.
 */
import { createHash } from 'node:crypto';

export interface Script {
  readonly lua: string;
  readonly sha: string;
}

/** Idle lanes are forgotten after this many seconds. */
const LANE_SECONDS = 600;
/** Weight of the newest service time, as in `service-times.ts`. */
const WEIGHT = 0.2;

const PRELUDE = `
local P, call = KEYS[1], redis.call
local HIGHEST, RANKS = 2097151, 4294967296 -- BullMQ: score = priority * 2^32 + counter
local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function number(value) return tonumber(value or 0) or 0 end
local function jobKey(id) return P .. 'job:' .. id end
local function laneKey(lane) return P .. 'lane:' .. lane end
local function turnsKey(lane) return P .. 'turns:' .. lane end
local function goOn() call('UNLINK', P .. 'nothing') end
local function tell(instance, ...)
  if instance then call('PUBLISH', P .. 'to:' .. instance, cjson.encode({...})) end
end
-- Moves one job of a lane from a state to another in the counts; nil = not there yet, or gone.
local function count(lane, from, to)
  local key = laneKey(lane)
  if from then
    call('HINCRBY', P .. 'depth', from, -1)
    call('HINCRBY', key, from, -1)
  end
  if to then
    call('HINCRBY', P .. 'depth', to, 1)
    call('HINCRBY', key, to, 1)
    call('PERSIST', key)
  else
    local left = call('HMGET', key, 'waiting', 'running', 'answering')
    if number(left[1]) + number(left[2]) + number(left[3]) == 0 then call('EXPIRE', key, ${LANE_SECONDS}) end
  end
end
local function nextRound(lane)
  local serving = number(call('GET', P .. 'serving'))
  local last = call('HGET', laneKey(lane), 'round')
  return last and math.max(serving, last + 1) or serving
end
local function priorityOf(round)
  return math.min(HIGHEST, math.max(1, round - number(call('GET', P .. 'base')) + 1))
end
-- Waiting jobs that run before a newcomer of this round. Jobs of workers that died wait in a list before all others.
local function aheadOf(round)
  local below = string.format('(%.0f', (priorityOf(round) + 1) * RANKS)
  return call('LLEN', P .. 'photos:wait') + call('ZCOUNT', P .. 'photos:prioritized', '-inf', below)
end
`;

/** A job is taken in. Sent again after a lost connection (same nonce), it is accepted again. */
const submit = `
local id, lane, platform, style, job, reply = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local owner, nonce, expiresAt = ARGV[7], ARGV[8], ARGV[9]
local limit, limitPerLane, replySeconds = number(ARGV[10]), number(ARGV[11]), ARGV[12]
local key = jobKey(id)
local known = call('HMGET', key, 'nonce', 'priority')
if known[1] then
  if known[1] == nonce then return {'accepted', number(known[2])} end
  return {'known'}
end
if call('EXISTS', P .. 'done:' .. id) == 1 then return {'known'} end
local mine = call('HMGET', laneKey(lane), 'waiting', 'running')
if number(mine[1]) + number(mine[2]) >= limitPerLane then return {'user_limit'} end
if call('ZCARD', P .. 'live') >= limit then return {'queue_full'} end
local depth = call('HMGET', P .. 'depth', 'waiting', 'running')
if number(depth[1]) + number(depth[2]) == 0 then call('SET', P .. 'base', number(call('GET', P .. 'serving'))) end
local round = nextRound(lane)
local priority = priorityOf(round)
local at = now()
call('HSET', key, 'lane', lane, 'platform', platform, 'style', style, 'job', job, 'state', 'waiting', 'since', at,
  'attempt', 1, 'owner', owner, 'nonce', nonce, 'round', round, 'priority', priority, 'expires', expiresAt)
call('SET', P .. 'reply:' .. id, reply, 'EX', replySeconds)
call('SADD', P .. 'owned:' .. owner, id)
call('ZADD', P .. 'live', at, id)
call('ZADD', P .. 'pending', at, id)
if expiresAt ~= '' then call('ZADD', P .. 'expiring', expiresAt, id) end
call('HSET', laneKey(lane), 'round', round)
call('ZADD', turnsKey(lane), round, id)
count(lane, nil, 'waiting')
return {'accepted', priority}
`;

/** A worker has a job in hand. One that was running already lost its worker, which counts as an attempt. */
const start = `
goOn()
local id, runner, attempts = ARGV[1], ARGV[2], number(ARGV[3])
local key = jobKey(id)
local state, lane, since, attempt, owner, round, expires, job = unpack(call('HMGET', key, 'state', 'lane', 'since',
  'attempt', 'owner', 'round', 'expires', 'job'))
if not state or state == 'answering' then return {'gone'} end
local at = now()
if expires ~= '' and number(expires) <= at then return {'expired'} end
attempt = number(attempt)
if state == 'running' then attempt = attempt + 1 end
if attempt > attempts then return {'worn'} end
call('ZREM', turnsKey(lane), id)
call('ZREM', P .. 'pending', id)
if state == 'waiting' then count(lane, 'waiting', 'running') end
local waitedMs = at - number(since)
call('HSET', key, 'state', 'running', 'since', at, 'attempt', attempt, 'runner', runner)
call('HDEL', key, 'stage')
call('ZADD', P .. 'running', at, id)
call('SET', P .. 'serving', math.max(number(call('GET', P .. 'serving')), number(round)))
tell(owner, 'started', id, attempt, waitedMs)
return {'run', job, attempt}
`;

const progress = `
goOn()
local id, stage = ARGV[1], ARGV[2]
local key = jobKey(id)
local job = call('HMGET', key, 'state', 'owner')
if job[1] ~= 'running' then return 0 end
call('HSET', key, 'stage', stage)
tell(job[2], 'progress', id, stage)
return 1
`;

/** A running job goes back into the line: it failed by our fault (one attempt more) or its worker stops (none). */
const requeue = `
goOn()
local id, attempts = ARGV[1], number(ARGV[2])
local key = jobKey(id)
local state, lane, owner, round = unpack(call('HMGET', key, 'state', 'lane', 'owner', 'round'))
if state ~= 'running' then return 0 end
call('ZREM', P .. 'running', id)
call('HDEL', key, 'stage', 'runner')
call('HSET', key, 'state', 'waiting', 'since', now())
call('HINCRBY', key, 'attempt', attempts)
call('ZADD', turnsKey(lane), round, id)
count(lane, 'running', 'waiting')
tell(owner, 'waiting', id)
return 1
`;

/**
 * The outcome of a job is decided; the first decision counts. When a waiting job leaves the line, its lane's later
 * ones move up, as if it had never been there: their new priorities are returned.
 */
const settle = `
goOn()
local id, ofLane, outcome, code, caller = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local style, ms = ARGV[6], number(ARGV[7])
local key = jobKey(id)
local state, lane, since, owner, runner, round = unpack(call('HMGET', key, 'state', 'lane', 'since', 'owner',
  'runner', 'round'))
if state ~= 'waiting' and state ~= 'running' then return {0} end
if ofLane ~= '' and ofLane ~= lane then return {0} end
local at, moved, workedMs = now(), {}, 0
if state == 'running' then
  workedMs = at - number(since)
  call('ZREM', P .. 'running', id)
  if runner ~= caller then tell(runner, 'abort', id, code) end
else
  round = number(round)
  call('ZREM', turnsKey(lane), id)
  for _, other in ipairs(call('ZRANGEBYSCORE', turnsKey(lane), '(' .. round, '+inf')) do
    local freed = number(call('HGET', jobKey(other), 'round'))
    local priority = priorityOf(round)
    call('HSET', jobKey(other), 'round', round, 'priority', priority)
    call('ZADD', turnsKey(lane), round, other)
    moved[#moved + 1] = other
    moved[#moved + 1] = priority
    round = freed
  end
  call('HSET', laneKey(lane), 'round', round - 1)
end
call('HSET', key, 'state', 'answering', 'since', at, 'outcome', outcome, 'workedMs', workedMs)
call('HDEL', key, 'stage', 'runner')
call('ZREM', P .. 'expiring', id)
call('ZREM', P .. 'pending', id)
count(lane, state, 'answering')
if ms >= 0 then
  for _, field in ipairs({style, ''}) do
    local average = call('HGET', P .. 'times', field)
    call('HSET', P .. 'times', field, average and average + ${WEIGHT} * (ms - average) or ms)
  end
end
tell(owner, 'settled', id)
return {1, state, moved}
`;

/** Everything about a job, for the process that answers for it. */
const read = `
local id, owner = ARGV[1], ARGV[2]
local job = call('HMGET', jobKey(id), 'owner', 'job', 'state', 'since', 'attempt', 'workedMs', 'outcome', 'stage')
if job[1] ~= owner then return false end
return {job[2], call('GET', P .. 'reply:' .. id) or '', job[3], number(job[4]), number(job[5]), number(job[6]),
  job[7] or '', job[8] or ''}
`;

const amend = `
goOn()
local id, reply, replySeconds = ARGV[1], ARGV[2], ARGV[3]
if call('EXISTS', jobKey(id)) == 0 then return 0 end
call('SET', P .. 'reply:' .. id, reply, 'EX', replySeconds)
return 1
`;

/** The job is over. Only its owner may say so: another one would answer again. */
const finish = `
goOn()
local id, owner, seconds = ARGV[1], ARGV[2], ARGV[3]
local key = jobKey(id)
local job = call('HMGET', key, 'owner', 'state', 'lane')
if job[1] ~= owner or job[2] ~= 'answering' then return 0 end
call('DEL', key, P .. 'reply:' .. id)
call('SET', P .. 'done:' .. id, '', 'EX', seconds)
call('ZREM', P .. 'live', id)
call('SREM', P .. 'owned:' .. owner, id)
count(job[3], 'answering', nil)
return 1
`;

/** How things stand: for all, for some lanes, and for some jobs. */
const look = `
local lanes = number(ARGV[1])
local depth = call('HMGET', P .. 'depth', 'waiting', 'running', 'answering')
local slots, starts, laneRows, jobRows = 0, {}, {}, {}
for _, value in ipairs(call('HVALS', P .. 'slots')) do slots = slots + value end
local running = call('ZRANGE', P .. 'running', 0, 999, 'WITHSCORES')
for i = 2, #running, 2 do starts[#starts + 1] = number(running[i]) end
for i = 2, lanes + 1 do
  local mine = call('HMGET', laneKey(ARGV[i]), 'waiting', 'running')
  laneRows[#laneRows + 1] = {number(mine[1]), number(mine[2]), aheadOf(nextRound(ARGV[i]))}
end
for i = lanes + 2, #ARGV do
  local id = ARGV[i]
  local state, since, stage, owner, round = unpack(call('HMGET', jobKey(id), 'state', 'since', 'stage', 'owner',
    'round'))
  local ahead = 0
  if not state then
    state = call('EXISTS', P .. 'done:' .. id) == 1 and 'done' or ''
  elseif state == 'waiting' then
    local rank = call('ZRANK', P .. 'photos:prioritized', id)
    if rank then
      ahead = rank + call('LLEN', P .. 'photos:wait')
    elseif call('ZSCORE', P .. 'pending', id) then
      ahead = aheadOf(number(round))
    end
  end
  jobRows[#jobRows + 1] = {id, state, number(since), stage or '', owner or '', ahead}
end
return {number(depth[1]), number(depth[2]), number(depth[3]), slots, aheadOf(number(call('GET', P .. 'serving'))),
  now(), call('HGETALL', P .. 'times'), starts, laneRows, jobRows}
`;

/** A process is alive, and learns which of its runs have been decided meanwhile. */
const beat = `
goOn()
local instance, leaseMs, slots = ARGV[1], number(ARGV[2]), number(ARGV[3])
local at = now()
if at - number(call('GET', P .. 'beaten')) > leaseMs * 2 / 3 then call('SET', P .. 'steady', at) end
call('SET', P .. 'beaten', at)
call('ZADD', P .. 'instances', at + leaseMs, instance)
if slots > 0 then call('HSET', P .. 'slots', instance, slots) end
local decided = {}
for i = 4, #ARGV do
  local state = call('HGET', jobKey(ARGV[i]), 'state')
  if state == 'answering' or not state then decided[#decided + 1] = ARGV[i] end
end
return decided
`;

/**
 * A process takes over the jobs of processes that died, as far as it can answer on their platforms. After an outage of
 * Redis nobody could show that it lives: then only those count as dead that have had a whole lease for it again.
 */
const adopt = `
goOn()
local instance, leaseMs, platforms, adopted = ARGV[1], number(ARGV[2]), {}, {}
for i = 3, #ARGV do platforms[ARGV[i]] = true end
local at = now()
local isSteady = at - number(call('GET', P .. 'steady')) > leaseMs
for _, dead in ipairs(call('ZRANGEBYSCORE', P .. 'instances', '-inf', isSteady and at or 0)) do
  call('HDEL', P .. 'slots', dead)
  local owned = P .. 'owned:' .. dead
  for _, id in ipairs(call('SMEMBERS', owned)) do
    local platform = call('HGET', jobKey(id), 'platform')
    if not platform then
      call('SREM', owned, id)
    elseif platforms[platform] then
      call('SMOVE', owned, P .. 'owned:' .. instance, id)
      call('HSET', jobKey(id), 'owner', instance)
      adopted[#adopted + 1] = id
    end
  end
  if call('EXISTS', owned) == 0 then call('ZREM', P .. 'instances', dead) end
end
return adopted
`;

/** A process ends: others may take over its jobs at once. */
const leave = `
goOn()
local instance = ARGV[1]
call('HDEL', P .. 'slots', instance)
if call('EXISTS', P .. 'owned:' .. instance) == 1 then
  call('ZADD', P .. 'instances', 0, instance)
else
  call('ZREM', P .. 'instances', instance)
end
return 1
`;

/**
 * Jobs that BullMQ does not know: their process died between accepting them and putting them into the line, or
 * somebody removed them there (a dashboard has a button for it). And jobs past their deadline.
 */
const overdue = `
local at, pendingMs, runningMs, missing = now(), number(ARGV[1]), number(ARGV[2]), {}
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'pending', '-inf', at - pendingMs, 'LIMIT', 0, 100)) do
  if call('EXISTS', jobKey(id)) == 1 then missing[id] = true else call('ZREM', P .. 'pending', id) end
end
for _, id in ipairs(call('ZRANGE', P .. 'live', 0, 199)) do
  local job = call('HMGET', jobKey(id), 'state', 'since')
  local isOld = at - number(job[2]) > (job[1] == 'running' and runningMs or pendingMs)
  if job[1] ~= 'answering' and isOld and call('EXISTS', P .. 'photos:' .. id) == 0 then missing[id] = true end
end
local rows = {}
for id in pairs(missing) do
  local job = call('HMGET', jobKey(id), 'priority', 'lane', 'platform', 'style')
  rows[#rows + 1] = {id, number(job[1]), job[2], job[3], job[4]}
end
return {rows, call('ZRANGEBYSCORE', P .. 'expiring', '-inf', at, 'LIMIT', 0, 100)}
`;

function script(body: string): Script {
  const lua = PRELUDE + body;
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

export const SCRIPTS = {
  submit: script(submit),
  start: script(start),
  progress: script(progress),
  requeue: script(requeue),
  settle: script(settle),
  read: script(read),
  amend: script(amend),
  finish: script(finish),
  look: script(look),
  beat: script(beat),
  adopt: script(adopt),
  leave: script(leave),
  overdue: script(overdue),
} as const;
