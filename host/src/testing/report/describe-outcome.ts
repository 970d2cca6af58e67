import { headerOf, type Received } from "../servers/received.ts";
import type { LogLine } from "../proxy/proxy.ts";
import { endToEnd, type Observed, type Outcome } from "../run/observed.ts";
import type { HeaderList, JsonMap, JsonValue } from "../suite/suite.ts";

/** What came of a case as plain data, for snapshots and comparisons. `skipsStart`: without the lines of the start. */
export function describeOutcome(outcome: Outcome, skipsStart = false): JsonMap {
  const { refused, observed, startLines } = outcome;
  if (refused !== undefined) return { refused: [...refused] };
  return {
    steps: observed.map((each, i) => {
      const log = skipsStart && i === 0 ? each.log.slice(startLines) : each.log;
      return describeObserved({ ...each, log }, outcome);
    }),
  };
}

function describeObserved(observed: Observed, outcome: Outcome): JsonMap {
  const { response, reset, received, closed, requests, connections, log, metrics } = observed;
  const record = outcome.records.find(({ clientPort }) => clientPort === observed.clientPort);
  return {
    ...(response !== undefined && {
      response: response.complete
        ? {
            status: response.status,
            headers: headersOf(response.headers),
            body: bytesOf(response.body),
            trailers: headersOf(response.trailers),
            details: record?.details ?? "",
            flags: record?.flags ?? "",
          }
        : reset
          ? "reset"
          : "pending",
    }),
    ...(received !== undefined && { connection: { received: bytesOf(received), closed } }),
    requests: requests.map(describeRequest),
    ...(connections.length > 0 && {
      bytes: connections.map(({ server, bytes, ended }) => ({
        server,
        received: bytesOf(bytes),
        ended,
      })),
    }),
    log: log.map(lineOf),
    ...(metrics.size > 0 && {
      metrics: Object.fromEntries([...metrics].map(([n, v]) => [n, v ?? null])),
    }),
  };
}

function describeRequest(request: Received): JsonMap {
  const { server, method, path, headers, body, trailers, messages } = request;
  return {
    server,
    method,
    path,
    headers: headersOf(headers),
    ...(messages === undefined ? { body: bytesOf(body) } : { messages: messages.map(bytesOf) }),
    trailers: headersOf(trailers ?? []),
  };
}

/** By name, joined: their order among each other means nothing. */
function headersOf(headers: HeaderList): JsonMap {
  const names = [...new Set(endToEnd(headers).map(([name]) => name))].toSorted();
  return Object.fromEntries(names.map((name) => [name, headerOf(headers, name)!.toString()]));
}

/** As text where it is one. */
function bytesOf(bytes: Buffer): JsonValue {
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : { base64: bytes.toString("base64") };
}

function lineOf({ level, text }: LogLine): string {
  return `${level}: ${text}`;
}
