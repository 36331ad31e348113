-- The outcome of a job is decided; the first decision counts. When a waiting job leaves the line, its user's later
-- ones move up, as if it had never been there: their new priorities are returned.
allowWhenFull()
local id, ofUser, outcome, code, caller = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local style, ms = ARGV[6], number(ARGV[7])
local key = jobKey(id)
local state, user, since, owner, runner, round = unpack(call('HMGET', key, 'state', 'user', 'since', 'owner',
  'runner', 'round'))
if state ~= 'queued' and state ~= 'processing' then return {0} end
if ofUser ~= '' and ofUser ~= user then return {0} end
local at, moved, workedMs = now(), {}, 0
if state == 'processing' then
  workedMs = at - number(since)
  call('ZREM', P .. 'processing', id)
  if runner ~= caller then tell(runner, 'abort', id, code) end
else
  round = number(round)
  call('ZREM', turnsKey(user), id)
  for _, other in ipairs(call('ZRANGEBYSCORE', turnsKey(user), '(' .. round, '+inf')) do
    local freed = number(call('HGET', jobKey(other), 'round'))
    local priority = priorityOf(round)
    call('HSET', jobKey(other), 'round', round, 'priority', priority)
    call('ZADD', turnsKey(user), round, other)
    moved[#moved + 1] = other
    moved[#moved + 1] = priority
    round = freed
  end
  call('HSET', userKey(user), 'round', round - 1)
end
call('HSET', key, 'state', 'delivering', 'since', at, 'outcome', outcome, 'workedMs', workedMs)
call('HDEL', key, 'stage', 'runner')
call('ZREM', P .. 'expiring', id)
call('ZREM', P .. 'pending', id)
count(user, state, 'delivering')
if ms >= 0 then
  for _, field in ipairs({style, ''}) do
    local average = call('HGET', P .. 'times', field)
    call('HSET', P .. 'times', field, average and average + WEIGHT * (ms - average) or ms)
  end
end
tell(owner, 'settled', id)
return {1, state, moved}
