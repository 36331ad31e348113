-- A job is taken in. Sent again after a lost connection (same nonce), it is accepted again.
local id, user, platform, style, job, reply = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local owner, nonce, expiresAt = ARGV[7], ARGV[8], ARGV[9]
local limit, limitPerUser, replySeconds = number(ARGV[10]), number(ARGV[11]), ARGV[12]
local key = jobKey(id)
local known = call('HMGET', key, 'nonce', 'priority')
if known[1] then
  if known[1] == nonce then return {'queued', number(known[2])} end
  return {'known'}
end
if call('EXISTS', P .. 'done:' .. id) == 1 then return {'known'} end
local mine = call('HMGET', userKey(user), 'queued', 'processing')
if number(mine[1]) + number(mine[2]) >= limitPerUser then return {'user_limit'} end
if call('ZCARD', P .. 'live') >= limit then return {'queue_full'} end
local counts = call('HMGET', P .. 'counts', 'queued', 'processing')
if number(counts[1]) + number(counts[2]) == 0 then call('SET', P .. 'base', number(call('GET', P .. 'serving'))) end
local round = nextRound(user)
local priority = priorityOf(round)
local at = now()
call('HSET', key, 'user', user, 'platform', platform, 'style', style, 'job', job, 'state', 'queued', 'since', at,
  'attempt', 1, 'owner', owner, 'nonce', nonce, 'round', round, 'priority', priority, 'expires', expiresAt)
call('SET', P .. 'reply:' .. id, reply, 'EX', replySeconds)
call('SADD', P .. 'owned:' .. owner, id)
call('ZADD', P .. 'live', at, id)
call('ZADD', P .. 'pending', at, id)
if expiresAt ~= '' then call('ZADD', P .. 'expiring', expiresAt, id) end
call('HSET', userKey(user), 'round', round)
call('ZADD', turnsKey(user), round, id)
count(user, nil, 'queued')
return {'queued', priority}
