// The two scripts that run in Redis. A script runs whole and alone, so the order of the history is the order of the feed.

import { createHash } from 'node:crypto'

/** A script of Redis. */
export interface Script {
  readonly text: string
  readonly sha: string
}

// The life of the server is the id of its process (`run_id`). A server that has been started again may have older data than
// the consumers, so that it would use an offset twice: another life begins another epoch.
const OPEN_PLACE = `
local life = ARGV[1]
local place = redis.call('HMGET', KEYS[2], 'life', 'epoch', 'offset', ARGV[5], 'forgotten')
local isKnown = place[1] == life
local epoch, offset = place[2], tonumber(place[3])
local function begin()
  if isKnown then return end
  epoch, offset = ARGV[2], 0
  redis.call('DEL', KEYS[1], KEYS[2])
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/**
 * Appends the entries of a batch to the history, and publishes them as one frame.
 *
 * KEYS: log, place, channel. ARGV: life, an epoch to begin, ms for the place, ms for the log, the field of the
 * publisher, the number of its batch, the life in which the batch was sent before or nothing, the size of the history, the
 * command that publishes, the entries.
 *
 * Answers `done`, or `unknown` if the batch was sent before, and has run perhaps.
 */
export const APPEND: Script = scriptOf(`${OPEN_PLACE}
if ARGV[7] ~= '' then
  if ARGV[7] ~= life or (place[1] and not isKnown) then return 'unknown' end
  if place[4] and tonumber(place[4]) >= tonumber(ARGV[6]) then return 'done' end
  if place[5] and not place[4] then return 'unknown' end
end
begin()
local frame = {epoch .. '.' .. string.format('%.0f', offset + 1) .. '\\n'}
for at = 10, #ARGV do
  local entry = ARGV[at]
  offset = offset + 1
  redis.call('XADD', KEYS[1], 'MAXLEN', '=', ARGV[8], string.format('%.0f-%.0f', offset, now), 'm', entry)
  frame[#frame + 1] = #entry .. ':'
  frame[#frame + 1] = entry
end
if isKnown and not place[4] and redis.call('HLEN', KEYS[2]) > 104 then
  for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
    if string.sub(field, 1, 2) == 'p:' then redis.call('HDEL', KEYS[2], field) end
  end
  redis.call('HSET', KEYS[2], 'forgotten', 1)
end
redis.call('HSET', KEYS[2], 'life', life, 'epoch', epoch, 'offset', string.format('%.0f', offset), ARGV[5], ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call(ARGV[9], KEYS[3], table.concat(frame))
return 'done'
`)

/**
 * Reads the place of a group and its messages after a position. The place begins here if there is none.
 *
 * KEYS: log, place. ARGV: life, an epoch to begin, ms for the place, ms for the log, nothing, the epoch of the
 * position, its offset or nothing.
 *
 * Answers with epoch, offset, and the offset and the entry of each message.
 */
export const READ: Script = scriptOf(`${OPEN_PLACE}
if not isKnown then
  begin()
  redis.call('HSET', KEYS[2], 'life', life, 'epoch', epoch, 'offset', 0)
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
local place = {epoch, string.format('%.0f', offset)}
if ARGV[7] == '' then return place end
local after = ARGV[6] == epoch and tonumber(ARGV[7]) or 0
local answer = {place[1], place[2]}
for _, item in ipairs(redis.call('XRANGE', KEYS[1], string.format('%.0f', after + 1), '+')) do
  local id, ms = string.match(item[1], '(%d+)-(%d+)')
  if tonumber(ms) <= now - tonumber(ARGV[4]) then
    answer = {place[1], place[2]}
  else
    answer[#answer + 1] = id
    answer[#answer + 1] = item[2][2]
  end
end
return answer
`)

function scriptOf(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}
