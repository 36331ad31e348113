allowWhenFull()
local id, reply, replySeconds = ARGV[1], ARGV[2], ARGV[3]
if call('EXISTS', jobKey(id)) == 0 then return 0 end
call('SET', P .. 'reply:' .. id, reply, 'EX', replySeconds)
return 1
