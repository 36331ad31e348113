-- Takes over what version 0.1 left: jobs had a lane, not a user, and stood as waiting, running or answering.
if call('GET', P .. 'schema') == '2' then return 0 end
local states = {waiting = 'queued', running = 'processing', answering = 'delivering'}
local function renameFields(from, to)
  if call('EXISTS', from) == 0 then return end
  for old, new in pairs(states) do
    local value = call('HGET', from, old)
    if value then
      call('HSET', from, new, value)
      call('HDEL', from, old)
    end
  end
  call('RENAME', from, to)
end
local jobs = call('ZRANGE', P .. 'live', 0, -1)
for _, id in ipairs(jobs) do
  local key = jobKey(id)
  local state, lane, job = unpack(call('HMGET', key, 'state', 'lane', 'job'))
  if lane then
    local text = cjson.decode(job)
    text.user, text.lane = lane, nil
    call('HSET', key, 'user', lane, 'state', states[state] or state, 'job', cjson.encode(text))
    call('HDEL', key, 'lane')
    renameFields(P .. 'lane:' .. lane, userKey(lane))
  end
end
renameFields(P .. 'depth', P .. 'counts')
if call('EXISTS', P .. 'running') == 1 then call('RENAME', P .. 'running', P .. 'processing') end
if call('EXISTS', P .. 'beaten') == 1 then call('RENAME', P .. 'beaten', P .. 'heartbeat') end
call('SET', P .. 'schema', '2')
return #jobs
