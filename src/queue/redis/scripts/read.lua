-- Everything about a job, for the process that answers for it.
local id, owner = ARGV[1], ARGV[2]
local job = call('HMGET', jobKey(id), 'owner', 'job', 'state', 'since', 'attempt', 'workedMs', 'outcome', 'stage')
if job[1] ~= owner then return false end
return {job[2], call('GET', P .. 'reply:' .. id) or '', job[3], number(job[4]), number(job[5]), number(job[6]),
  job[7] or '', job[8] or ''}
