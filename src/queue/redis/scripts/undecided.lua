-- The jobs of a user that have no outcome yet: those in the line, then those in work.
local user = ARGV[1]
local ids = call('ZRANGE', turnsKey(user), 0, -1)
for _, id in ipairs(call('ZRANGE', P .. 'processing', 0, -1)) do
  if call('HGET', jobKey(id), 'user') == user then ids[#ids + 1] = id end
end
return ids
