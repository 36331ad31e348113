-- Jobs that BullMQ does not know: their process died between accepting them and putting them into the line, or
-- somebody removed them there (a dashboard has a button for it). And jobs past their deadline.
local at, pendingMs, processingMs, missing = now(), number(ARGV[1]), number(ARGV[2]), {}
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'pending', '-inf', at - pendingMs, 'LIMIT', 0, 100)) do
  if call('EXISTS', jobKey(id)) == 1 then missing[id] = true else call('ZREM', P .. 'pending', id) end
end
for _, id in ipairs(call('ZRANGE', P .. 'live', 0, 199)) do
  local job = call('HMGET', jobKey(id), 'state', 'since')
  local isOld = at - number(job[2]) > (job[1] == 'processing' and processingMs or pendingMs)
  if job[1] ~= 'delivering' and isOld and call('EXISTS', P .. 'photos:' .. id) == 0 then missing[id] = true end
end
local rows = {}
for id in pairs(missing) do
  local job = call('HMGET', jobKey(id), 'priority', 'user', 'platform', 'style')
  rows[#rows + 1] = {id, number(job[1]), job[2], job[3], job[4]}
end
return {rows, call('ZRANGEBYSCORE', P .. 'expiring', '-inf', at, 'LIMIT', 0, 100)}
