allowWhenFull()
local id, stage = ARGV[1], ARGV[2]
local key = jobKey(id)
local job = call('HMGET', key, 'state', 'owner')
if job[1] ~= 'processing' then return 0 end
call('HSET', key, 'stage', stage)
tell(job[2], 'progress', id, stage)
return 1
