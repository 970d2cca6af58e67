import { stringify } from "yaml";
import type { Recording } from "../../guest/watch/recording.ts";
import type { Result } from "../../contracts/result.ts";
import { knownCapabilities } from "../suite/read-filters.ts";
import type { JsonMap } from "../suite/suite.ts";
import { caseOfConnection } from "./case-of-connection.ts";
import { caseOfRequest } from "./case-of-request.ts";
import { text } from "./recorded-content.ts";

/** What streams are to a module. */
type Kind = "request" | "connection" | "socket";

/** What stands in a suite for a module that is called for each of them. */
const chains = { request: "filters", connection: "network_filters", socket: "listener_filters" };

/** Takes connections behind listener filters, and behind modules that open connections themselves. */
const echo: JsonMap = {
  name: "echo",
  typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo" },
};

/** A suite with a case for each recording: what came from both sides, and what the module has said and answered. */
export function suiteOf(
  recordings: readonly Recording[],
  file: string | undefined,
): Result<string, string> {
  const [first] = recordings;
  const kinds = new Set(recordings.map(kindOf));
  const [kind, another] = kinds;
  if (another !== undefined) {
    const error = `a suite is for ${kind}s or for ${another}s, and both were recorded: split the file, a recording is a line`;
    return { ok: false, error };
  }
  if (recordings.some(hasMetadata)) {
    const error =
      "METADATA of HTTP/2 was recorded, and suites cannot send it: record a stream that has none";
    return { ok: false, error };
  }
  const suite: JsonMap = {
    [chains[kind!]]: [entryOf(first!, file), ...(recordings.some(opensConnections) ? [echo] : [])],
    ...(kind === "socket" && { network_filters: [echo] }),
    cases: recordings.map((recording, i) => ({
      name: `recorded ${recording.begun}${i === 0 ? "" : ` (${i + 1})`}`,
      clock: `${recording.begun.slice(0, 19)}Z`,
      ...(kind === "request" ? caseOfRequest(recording) : caseOfConnection(recording)),
    })),
  };
  const note =
    first!.redacted.length === 0
      ? ""
      : `# Values of ${first!.redacted.join(", ")} were left out.\n`;
  const yaml = stringify(suite, { lineWidth: 120, defaultStringType: "PLAIN" });
  return { ok: true, value: `${note}${yaml}` };
}

/** A stream of which nothing tells is a request. */
function kindOf({ callbacks }: Recording): Kind {
  const has = (pattern: RegExp): boolean => callbacks.some(({ name }) => pattern.test(name));
  if (has(/^sluice_on_(accept|first_bytes)$/)) return "socket";
  return has(/^(proxy_on_(new_connection|downstream_|upstream_)|sluice_on_tcp_)/)
    ? "connection"
    : "request";
}

function hasMetadata({ callbacks }: Recording): boolean {
  return callbacks.some(({ name }) => /^proxy_on_(request|response)_metadata$/.test(name));
}

function opensConnections({ callbacks }: Recording): boolean {
  return callbacks.some(({ calls }) => calls.some(({ name }) => name === "sluice_tcp_connect"));
}

function entryOf(recording: Recording, file: string | undefined): JsonMap {
  const { plugin } = recording;
  return {
    name: plugin.name,
    file: file ?? plugin.file ?? "filter.wasm",
    ...(plugin.configuration !== "" && { configuration: text(plugin.configuration) }),
    ...(plugin.rootId !== "" && { root_id: plugin.rootId }),
    ...vmOf(recording),
  };
}

function vmOf({ plugin }: Recording): JsonMap {
  const vm: JsonMap = {
    ...(plugin.vmId !== "" && { id: plugin.vmId }),
    ...(plugin.vmConfiguration !== "" && { configuration: text(plugin.vmConfiguration) }),
    ...(plugin.environment.length > 0 && { environment: Object.fromEntries(plugin.environment) }),
    ...(plugin.allowedCapabilities !== undefined && {
      // A proxy takes names that nothing has.
      capabilities: plugin.allowedCapabilities.filter((name) => knownCapabilities.has(name)),
    }),
  };
  return Object.keys(vm).length === 0 ? {} : { vm };
}
