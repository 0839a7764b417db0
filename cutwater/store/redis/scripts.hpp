// What Redis does in one step: three scripts, each on one key.
//
// A cell is a hash of its value `v`, its version `n` and the microsecond `t` of Redis' clock at which it was written. Each reply is a
// list: what was done (1) or not (0), and where a cell is told its value, version and age. Versions are text, as Lua's numbers have 53
// bits. `pcall`, so that an error of a command comes as itself from every version of Redis. What may be refused is written first: a script
// that fails has changed nothing.
//
//     KEYS[1]   the cell's key
//     ARGV      swap: the expected version (0: there is none), the new one, the milliseconds to live ("": for ever), the value
//               erase: the expected version
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace cutwater {

enum class redis_script : std::uint8_t { read, swap, erase };

inline constexpr std::size_t redis_script_count = 3;

namespace detail {

/// Tells what is there. A hash without a version is somebody else's.
inline constexpr std::string_view redis_cell = R"lua(
local function cell(done)
  local c = redis.pcall('HMGET', KEYS[1], 'v', 'n', 't')
  if c.err then return c end
  if not c[2] then
    if redis.pcall('EXISTS', KEYS[1]) == 0 then return {done} end
    return {err = 'WRONGTYPE the key holds a hash that is no cell'}
  end
  local now = redis.pcall('TIME')
  return {done, c[1] or '', c[2], now[1] * 1000000 + now[2] - (tonumber(c[3]) or 0)}
end
)lua";

inline constexpr std::array<std::string_view, redis_script_count> redis_steps{
    "return cell(1)",
    R"lua(
local n = redis.pcall('HGET', KEYS[1], 'n')
if type(n) == 'table' then return n end
if n then
  if n ~= ARGV[1] then return cell(0) end
elseif ARGV[1] ~= '0' or redis.pcall('EXISTS', KEYS[1]) ~= 0 then
  return cell(0)
end
local now = redis.pcall('TIME')
local t = now[1] .. string.format('%06d', now[2])
local set = redis.pcall('HSET', KEYS[1], 'v', ARGV[4], 'n', ARGV[2], 't', t)
if type(set) == 'table' then return set end
if ARGV[3] ~= '' then
  redis.pcall('PEXPIRE', KEYS[1], ARGV[3])
elseif n then
  redis.pcall('PERSIST', KEYS[1])
end
return {1}
)lua",
    R"lua(
local n = redis.pcall('HGET', KEYS[1], 'n')
if type(n) == 'table' then return n end
if n ~= ARGV[1] then return cell(0) end
local gone = redis.pcall('DEL', KEYS[1])
if type(gone) == 'table' then return gone end
return {1}
)lua",
};

}  // namespace detail

[[nodiscard]] inline std::string text_of(redis_script s) {
    return std::string{detail::redis_cell}.append(detail::redis_steps[static_cast<std::size_t>(s)]);
}

}  // namespace cutwater
