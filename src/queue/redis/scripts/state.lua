-- The state of the queue: counts, some users, and some jobs.
local users = number(ARGV[1])
local counts = call('HMGET', P .. 'counts', 'queued', 'processing', 'delivering')
local slots, starts, userRows, jobRows = 0, {}, {}, {}
for _, value in ipairs(call('HVALS', P .. 'slots')) do slots = slots + value end
local busy = call('ZRANGE', P .. 'processing', 0, 999, 'WITHSCORES')
for i = 2, #busy, 2 do starts[#starts + 1] = number(busy[i]) end
for i = 2, users + 1 do
  local mine = call('HMGET', userKey(ARGV[i]), 'queued', 'processing')
  userRows[#userRows + 1] = {number(mine[1]), number(mine[2]), aheadOf(nextRound(ARGV[i]))}
end
for i = users + 2, #ARGV do
  local id = ARGV[i]
  local state, since, stage, owner, round = unpack(call('HMGET', jobKey(id), 'state', 'since', 'stage', 'owner',
    'round'))
  local ahead = 0
  if not state then
    state = call('EXISTS', P .. 'done:' .. id) == 1 and 'done' or ''
  elseif state == 'queued' then
    local rank = call('ZRANK', P .. 'photos:prioritized', id)
    if rank then
      ahead = rank + call('LLEN', P .. 'photos:wait')
    elseif call('ZSCORE', P .. 'pending', id) then
      ahead = aheadOf(number(round))
    end
  end
  jobRows[#jobRows + 1] = {id, state, number(since), stage or '', owner or '', ahead}
end
return {number(counts[1]), number(counts[2]), number(counts[3]), slots, aheadOf(number(call('GET', P .. 'serving'))),
  now(), call('HGETALL', P .. 'times'), starts, userRows, jobRows}
