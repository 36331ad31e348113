-- A process ends: others may take over its jobs at once.
allowWhenFull()
local instance = ARGV[1]
call('HDEL', P .. 'slots', instance)
if call('EXISTS', P .. 'owned:' .. instance) == 1 then
  call('ZADD', P .. 'instances', 0, instance)
else
  call('ZREM', P .. 'instances', instance)
end
return 1
