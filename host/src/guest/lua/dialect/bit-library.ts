/**
 * LuaJIT's `bit`, as a part of the prelude, whose locals it uses: results are signed 32-bit numbers, arguments are rounded
 * to the nearest, the even one of two, and taken modulo 2^32.
 */
export const bitLibrary = String.raw`bit = {}
local function bits(x, arg, name)
  local n = tonumber(x)
  if not n then
    error(format("bad argument #%d to '%s' (number expected, got %s)", arg, name, x == nil and "no value" or type(x)), 3)
  end
  if n ~= n or n - n ~= 0 then return 0 end
  local whole = floor(n)
  local rest = n - whole
  if rest > 0.5 or (rest == 0.5 and whole % 2 == 1) then whole = whole + 1 end
  return floor(whole % 4294967296.0)
end
local function signed(n)
  n = n & 0xffffffff
  return (n >= 0x80000000 and n - 0x100000000 or n) + 0.0
end
function bit.tobit(x) return signed(bits(x, 1, "tobit")) end
function bit.bnot(x) return signed(~bits(x, 1, "bnot")) end
function bit.band(x, ...)
  local r = bits(x, 1, "band")
  for i = 1, select("#", ...) do r = r & bits((select(i, ...)), i + 1, "band") end
  return signed(r)
end
function bit.bor(x, ...)
  local r = bits(x, 1, "bor")
  for i = 1, select("#", ...) do r = r | bits((select(i, ...)), i + 1, "bor") end
  return signed(r)
end
function bit.bxor(x, ...)
  local r = bits(x, 1, "bxor")
  for i = 1, select("#", ...) do r = r ~ bits((select(i, ...)), i + 1, "bxor") end
  return signed(r)
end
function bit.lshift(x, n) return signed(bits(x, 1, "lshift") << (bits(n, 2, "lshift") & 31)) end
function bit.rshift(x, n) return signed(bits(x, 1, "rshift") >> (bits(n, 2, "rshift") & 31)) end
function bit.arshift(x, n)
  local v = bits(x, 1, "arshift")
  if v >= 0x80000000 then v = v - 0x100000000 end
  return floor(v / (1 << (bits(n, 2, "arshift") & 31))) + 0.0
end
local function rotated(x, n) return signed((x << n) | (x >> (32 - n))) end
function bit.rol(x, n) return rotated(bits(x, 1, "rol"), bits(n, 2, "rol") & 31) end
function bit.ror(x, n) return rotated(bits(x, 1, "ror"), -bits(n, 2, "ror") & 31) end
function bit.bswap(x) return signed((unpack(">I4", pack("<I4", bits(x, 1, "bswap"))))) end
function bit.tohex(x, n)
  local v, digits = bits(x, 1, "tohex"), n == nil and 8 or integer(n, 2, "tohex")
  local text = format(digits < 0 and "%08X" or "%08x", v)
  digits = digits < 0 and -digits or digits
  return sub(text, digits >= 8 and 1 or 9 - digits)
end`;
