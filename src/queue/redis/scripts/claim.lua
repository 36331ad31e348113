-- A process takes over the jobs of processes that died, as far as it can answer on their platforms; and those nobody
-- could answer for so long that they are given up. After an outage of Redis nobody could show that it lives: then only
-- those count as dead that have had a whole lease for it again.
allowWhenFull()
local instance, leaseMs, giveUpMs, platforms, claimed = ARGV[1], number(ARGV[2]), number(ARGV[3]), {}, {}
for i = 4, #ARGV do platforms[ARGV[i]] = true end
local at = now()
local isSteady = at - number(call('GET', P .. 'steady')) > leaseMs
for _, dead in ipairs(call('ZRANGEBYSCORE', P .. 'instances', '-inf', isSteady and at or 0)) do
  call('HDEL', P .. 'slots', dead)
  local owned = P .. 'owned:' .. dead
  for _, id in ipairs(call('SMEMBERS', owned)) do
    local platform, state, since = unpack(call('HMGET', jobKey(id), 'platform', 'state', 'since'))
    local isGivenUp = state == 'delivering' and at - number(since) > giveUpMs
    if not platform then
      call('SREM', owned, id)
    elseif platforms[platform] or isGivenUp then
      call('SMOVE', owned, P .. 'owned:' .. instance, id)
      call('HSET', jobKey(id), 'owner', instance)
      claimed[#claimed + 1] = id
    end
  end
  if call('EXISTS', owned) == 0 then call('ZREM', P .. 'instances', dead) end
end
return claimed
