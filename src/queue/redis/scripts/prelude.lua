-- What every script begins with.
local P, call = KEYS[1], redis.call
local USER_SECONDS = 600 -- idle users are forgotten after so long
local WEIGHT = 0.2 -- of the newest service time, as in service-times.ts
local HIGHEST, RANKS = 2097151, 4294967296 -- BullMQ: score = priority * 2^32 + counter
local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function number(value) return tonumber(value or 0) or 0 end
local function jobKey(id) return P .. 'job:' .. id end
local function userKey(user) return P .. 'user:' .. user end
local function turnsKey(user) return P .. 'turns:' .. user end
local function allowWhenFull() call('UNLINK', P .. 'nothing') end
local function tell(instance, ...)
  if instance then call('PUBLISH', P .. 'to:' .. instance, cjson.encode({...})) end
end
-- Moves one job of a user from a state to another in the counts; nil = not there yet, or gone.
local function count(user, from, to)
  local key = userKey(user)
  if from then
    call('HINCRBY', P .. 'counts', from, -1)
    call('HINCRBY', key, from, -1)
  end
  if to then
    call('HINCRBY', P .. 'counts', to, 1)
    call('HINCRBY', key, to, 1)
    call('PERSIST', key)
  else
    local left = call('HMGET', key, 'queued', 'processing', 'delivering')
    if number(left[1]) + number(left[2]) + number(left[3]) == 0 then call('EXPIRE', key, USER_SECONDS) end
  end
end
local function nextRound(user)
  local serving = number(call('GET', P .. 'serving'))
  local last = call('HGET', userKey(user), 'round')
  return last and math.max(serving, last + 1) or serving
end
local function priorityOf(round)
  return math.min(HIGHEST, math.max(1, round - number(call('GET', P .. 'base')) + 1))
end
-- Waiting jobs that run before a newcomer of this round. Jobs of workers that died wait in a list before all others.
local function aheadOf(round)
  local below = string.format('(%.0f', (priorityOf(round) + 1) * RANKS)
  return call('LLEN', P .. 'photos:wait') + call('ZCOUNT', P .. 'photos:prioritized', '-inf', below)
end
