-- The job is over. Only its owner may say so: another one would answer again.
allowWhenFull()
local id, owner, seconds = ARGV[1], ARGV[2], ARGV[3]
local key = jobKey(id)
local job = call('HMGET', key, 'owner', 'state', 'user')
if job[1] ~= owner or job[2] ~= 'delivering' then return 0 end
call('DEL', key, P .. 'reply:' .. id)
call('SET', P .. 'done:' .. id, '', 'EX', seconds)
call('ZREM', P .. 'live', id)
call('SREM', P .. 'owned:' .. owner, id)
count(job[3], 'delivering', nil)
return 1
