-- A process is alive, and learns which of its runs have been decided meanwhile.
allowWhenFull()
local instance, leaseMs, slots = ARGV[1], number(ARGV[2]), number(ARGV[3])
local at = now()
if at - number(call('GET', P .. 'heartbeat')) > leaseMs * 2 / 3 then call('SET', P .. 'steady', at) end
call('SET', P .. 'heartbeat', at)
call('ZADD', P .. 'instances', at + leaseMs, instance)
if slots > 0 then call('HSET', P .. 'slots', instance, slots) end
local decided = {}
for i = 4, #ARGV do
  local state = call('HGET', jobKey(ARGV[i]), 'state')
  if state == 'delivering' or not state then decided[#decided + 1] = ARGV[i] end
end
return decided
