-- A running job goes back into the line: it failed by our fault (one attempt more) or its worker stops (none).
allowWhenFull()
local id, attempts = ARGV[1], number(ARGV[2])
local key = jobKey(id)
local state, user, owner, round = unpack(call('HMGET', key, 'state', 'user', 'owner', 'round'))
if state ~= 'processing' then return 0 end
call('ZREM', P .. 'processing', id)
call('HDEL', key, 'stage', 'runner')
call('HSET', key, 'state', 'queued', 'since', now())
call('HINCRBY', key, 'attempt', attempts)
call('ZADD', turnsKey(user), round, id)
count(user, 'processing', 'queued')
tell(owner, 'queued', id)
return 1
