// SHA-256 (FIPS 180-4) and HMAC (RFC 2104): the proxy's functions verify public keys' signatures, but know no HMAC.

const roundConstants: StaticArray<u32> = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];
const blockSize = 64;
const hashSize = 32;
const words = new StaticArray<u32>(64);

export function sha256(message: Uint8Array): Uint8Array {
  const state: StaticArray<u32> = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  ];
  const padded = pad(message);
  for (let at = 0; at < padded.length; at += blockSize) addBlock(state, padded, at);
  const hash = new Uint8Array(hashSize);
  for (let i = 0; i < 8; i++) store<u32>(hash.dataStart + ((<usize>i) << 2), bswap(state[i]));
  return hash;
}

export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const short = key.length > blockSize ? sha256(key) : key;
  return sha256(keyed(short, 0x5c, sha256(keyed(short, 0x36, message))));
}

/** The key, filled up to a block and mixed with `mask`, and `message` behind it. */
function keyed(key: Uint8Array, mask: u8, message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(blockSize + message.length);
  bytes.set(key);
  for (let i = 0; i < blockSize; i++) bytes[i] ^= mask;
  bytes.set(message, blockSize);
  return bytes;
}

/** A one bit, zeros, and the number of bits. */
function pad(message: Uint8Array): Uint8Array {
  const blocks = (message.length + 9 + blockSize - 1) / blockSize;
  const padded = new Uint8Array(blocks * blockSize);
  padded.set(message);
  padded[message.length] = 0x80;
  store<u64>(padded.dataStart + padded.length - 8, bswap((<u64>message.length) << 3));
  return padded;
}

function addBlock(state: StaticArray<u32>, bytes: Uint8Array, at: i32): void {
  for (let i = 0; i < 16; i++)
    words[i] = bswap(load<u32>(bytes.dataStart + at + ((<usize>i) << 2)));
  for (let i = 16; i < 64; i++) {
    const before15 = words[i - 15];
    const before2 = words[i - 2];
    const small0 = rotr(before15, 7) ^ rotr(before15, 18) ^ (before15 >> 3);
    const small1 = rotr(before2, 17) ^ rotr(before2, 19) ^ (before2 >> 10);
    words[i] = words[i - 16] + small0 + words[i - 7] + small1;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i++) {
    const big1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
    const chosen = (e & f) ^ (~e & g);
    const first = h + big1 + chosen + roundConstants[i] + words[i];
    const big0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + big0 + majority;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}
