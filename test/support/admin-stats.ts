import type { JsonObject } from "@bufbuild/protobuf";

/** `admin` of a bootstrap, on the loopback. */
export function adminAt(port: number): JsonObject {
  return { admin: { address: { socket_address: { address: "127.0.0.1", port_value: port } } } };
}

/** Counters and gauges whose names begin with `prefix`, by what stands behind it; `filter`: and match this. */
export async function statsBelow(
  port: number,
  prefix: string,
  filter = "",
): Promise<Map<string, number>> {
  const query = filter === "" ? "" : `?filter=${encodeURIComponent(filter)}`;
  const text = await (await fetch(`http://127.0.0.1:${port}/stats${query}`)).text();
  const values = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [name, value] = line.split(": ");
    if (!name!.startsWith(prefix) || !/^\d+$/.test(value ?? "")) continue;
    values.set(name!.slice(prefix.length), Number(value));
  }
  return values;
}
