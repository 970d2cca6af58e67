import { lookup } from "node:dns";

/**
 * Finds the addresses of a name, as `address:0` or `[address]:0`. `done` is called later: without addresses when there
 * is no such name, with undefined when that could not be found out.
 */
export type ResolveName = (
  name: string,
  done: (addresses: readonly string[] | undefined) => void,
) => void;

/** Of names in the DNS (RFC 1035, section 2.3.4). */
const nameMax = 255;

/** Asks the system's resolver. As in Envoy, addresses of IPv4 are given where there are none of IPv6. */
export const resolveName: ResolveName = (name, done) => {
  if (name.length > nameMax || !/^[!-~]+$/.test(name)) {
    setImmediate(done, []);
    return;
  }
  lookup(name, { all: true, order: "ipv6first" }, (error, found) => {
    if (error !== null) return done(error.code === "ENOTFOUND" ? [] : undefined);
    const family = found[0]?.family;
    const wanted = found.filter((each) => each.family === family);
    return done(wanted.map(({ address }) => (family === 6 ? `[${address}]:0` : `${address}:0`)));
  });
};
