/** How long an address may be kept: the system's resolver does not tell, and Envoy assumes a minute then. */
const ttlSeconds = 60;

/** Addresses as `envoy_on_resolve_dns` has them: abi/README.md, "Names of hosts". */
export function encodeAddresses(addresses: readonly string[]): Uint8Array {
  const texts = Buffer.from(addresses.map((address) => `${address}\0`).join(""), "latin1");
  const head = Buffer.alloc(4 + 4 * addresses.length);
  head.writeUInt32LE(addresses.length, 0);
  for (let i = 0; i < addresses.length; i += 1) head.writeUInt32LE(ttlSeconds, 4 + 4 * i);
  return Buffer.concat([head, texts]);
}
