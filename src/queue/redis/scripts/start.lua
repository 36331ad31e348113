-- A worker has a job in hand. One that was running already lost its worker, which counts as an attempt.
allowWhenFull()
local id, runner, attempts = ARGV[1], ARGV[2], number(ARGV[3])
local key = jobKey(id)
local state, user, since, attempt, owner, round, expires, job = unpack(call('HMGET', key, 'state', 'user', 'since',
  'attempt', 'owner', 'round', 'expires', 'job'))
if not state or state == 'delivering' then return {'gone'} end
local at = now()
if expires ~= '' and number(expires) <= at then return {'expired'} end
attempt = number(attempt)
if state == 'processing' then attempt = attempt + 1 end
if attempt > attempts then return {'exhausted'} end
call('ZREM', turnsKey(user), id)
call('ZREM', P .. 'pending', id)
if state == 'queued' then count(user, 'queued', 'processing') end
local waitedMs = at - number(since)
call('HSET', key, 'state', 'processing', 'since', at, 'attempt', attempt, 'runner', runner)
call('HDEL', key, 'stage')
call('ZADD', P .. 'processing', at, id)
call('SET', P .. 'serving', math.max(number(call('GET', P .. 'serving')), number(round)))
tell(owner, 'processing', id, attempt, waitedMs)
return {'run', job, attempt}
