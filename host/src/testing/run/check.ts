import { isDeepStrictEqual } from "node:util";
import type { Place } from "../../config/problem.ts";
import type { LogLine, StreamRecord } from "../proxy/proxy.ts";
import { headerOf, type Received } from "../servers/received.ts";
import type {
  Expectation,
  HeaderExpectation,
  LogExpectation,
  Placed,
  RequestExpectation,
} from "../suite/expectation.ts";
import { meets, shown, wanted } from "../suite/matcher.ts";
import type { Budget, HeaderList, TestCase } from "../suite/suite.ts";
import type { Observed, Outcome } from "./observed.ts";

/** Something that is not as expected. */
export interface Failure {
  readonly place: Place;
  readonly text: string;
}

/** Compares what came of a case with what was expected. */
export function checkCase(test: TestCase, outcome: Outcome): Failure[] {
  const failures: Failure[] = [];
  const { refused } = outcome;
  if (refused !== undefined || test.refused !== undefined) {
    return checkRefusal(test, refused);
  }
  let at = 0;
  for (const { expectation } of test.steps) {
    if (expectation === undefined) continue;
    const observed = outcome.observed[at];
    if (observed === undefined) break;
    failures.push(...new Checks(expectation, observed, outcome.records).run());
    at += 1;
  }
  if (outcome.stuck !== undefined) failures.push(outcome.stuck);
  failures.push(...checkBudget(test, outcome));
  return failures;
}

function checkRefusal(test: TestCase, refused: readonly string[] | undefined): Failure[] {
  if (test.refused === undefined) {
    return [{ place: test.place, text: `the configuration is refused: ${refused!.join("\n  ")}` }];
  }
  const { matcher, place } = test.refused;
  const text = refused && Buffer.from(refused.join("\n"));
  // What is said has places and names around it.
  const within = matcher.kind === "equals" ? { ...matcher, kind: "contains" as const } : matcher;
  if (text !== undefined && meets(within, text)) return [];
  const came = text === undefined ? "it was taken" : shown(text);
  return [
    { place, text: `expected that the configuration is refused with ${wanted(within)}; ${came}` },
  ];
}

const costNames = {
  instructions: "instructions",
  hostCalls: "host calls",
  allocations: "allocations",
  allocatedBytes: "allocated bytes",
} as const satisfies { readonly [name in keyof Budget]: string };

function checkBudget(test: TestCase, { costs }: Outcome): Failure[] {
  const { budget } = test.settings;
  if (costs === undefined) return [];
  return (Object.keys(costNames) as (keyof typeof costNames)[]).flatMap((name) => {
    const most = budget[name];
    if (most === undefined || costs[name] <= most) return [];
    const text = `budget: ${costs[name]} ${costNames[name]}, ${most} are allowed`;
    return [{ place: test.place, text }];
  });
}

/** The checks of one expectation. */
class Checks {
  readonly #failures: Failure[] = [];
  readonly #expectation: Expectation;
  readonly #observed: Observed;
  readonly #record: StreamRecord | undefined;

  constructor(expectation: Expectation, observed: Observed, records: readonly StreamRecord[]) {
    this.#expectation = expectation;
    this.#observed = observed;
    this.#record = records.find(({ clientPort }) => clientPort === observed.clientPort);
  }

  run(): readonly Failure[] {
    this.#checkResponse();
    this.#checkUpstream();
    this.#checkCalls();
    this.#checkConnection();
    this.#checkLog();
    this.#checkMetrics();
    this.#checkStates();
    return this.#failures;
  }

  #fail(place: Place, text: string): void {
    this.#failures.push({ place, text });
  }

  #match(what: string, expected: Placed | undefined, actual: Buffer | undefined): void {
    if (expected === undefined || meets(expected.matcher, actual)) return;
    this.#fail(
      expected.place,
      `${what}: expected ${wanted(expected.matcher)}, got ${shown(actual)}`,
    );
  }

  #headers(what: string, expected: readonly HeaderExpectation[], actual: HeaderList): void {
    for (const { name, values, isList } of expected) {
      if (!isList) {
        this.#match(`${what}.${name}`, values[0], headerOf(actual, name));
        continue;
      }
      const found = actual.filter(([each]) => each === name);
      values.forEach((value, i) => {
        const at = found[i];
        this.#match(`${what}.${name}[${i}]`, value, at && Buffer.from(at[1], "latin1"));
      });
      const more = found[values.length];
      if (more === undefined) continue;
      const place = values[0]?.place ?? this.#expectation.place;
      this.#fail(place, `${what}.${name}: expected ${values.length} values, got ${found.length}`);
    }
  }

  #checkResponse(): void {
    const expected = this.#expectation.response;
    if (expected === undefined) return;
    const { response, reset } = this.#observed;
    const { place } = expected;
    if (response === undefined) return this.#fail(place, "response: there was no request");
    if (expected.kind === "pending") {
      if (response.complete)
        this.#fail(place, `response: expected none yet, got ${response.status}`);
      else if (reset) this.#fail(place, "response: expected none yet, the connection was closed");
      return;
    }
    if (expected.kind === "reset") {
      if (!reset) {
        const got = response.complete ? `got ${response.status}` : "nothing has come";
        this.#fail(place, `response: expected that the connection is closed, ${got}`);
      }
      return;
    }
    if (!response.complete) {
      const got = reset ? "the connection was closed" : "none has come";
      return this.#fail(place, `response: expected a whole response, ${got}`);
    }
    this.#match("response.status", expected.status, Buffer.from(String(response.status)));
    this.#headers("response.headers", expected.headers, response.headers);
    this.#match("response.body", expected.body, response.body);
    this.#headers("response.trailers", expected.trailers, response.trailers);
    const record = this.#record;
    this.#match("response.details", expected.details, record && Buffer.from(record.details));
    this.#match("response.flags", expected.flags, record && Buffer.from(record.flags));
  }

  #checkUpstream(): void {
    const { upstream, upstreamPlace } = this.#expectation;
    if (upstream === undefined) return;
    const requests = this.#observed.requests.filter(({ server }) => server === "upstream");
    const connections = this.#observed.connections.filter(({ server }) => server === "upstream");
    if (upstream === "none") {
      const first = this.#observed.fresh.find(({ server }) => server === "upstream");
      if (first !== undefined) {
        this.#fail(
          upstreamPlace,
          `upstream: expected no request, got ${first.method} ${first.path}`,
        );
      }
      const bytes = connections.at(-1)?.bytes;
      if (bytes !== undefined && bytes.length > 0) {
        this.#fail(upstreamPlace, `upstream: expected nothing, got ${shown(bytes)}`);
      }
      return;
    }
    if (upstream.kind === "received") {
      return this.#match("upstream.received", upstream.received, connections.at(-1)?.bytes);
    }
    const request = requests.at(-1);
    if (request === undefined)
      return this.#fail(upstreamPlace, "upstream: expected a request, got none");
    this.#checkRequest("upstream", upstream, request);
  }

  #checkCalls(): void {
    const { calls, callsPlace } = this.#expectation;
    if (calls === undefined) return;
    const made = this.#observed.fresh.filter(({ server }) => server !== "upstream");
    if (made.length !== calls.length) {
      const list = made.map(({ server, method, path }) => `${server} ${method} ${path}`);
      const got = list.length === 0 ? "none" : `${list.length}: ${list.join(", ")}`;
      this.#fail(callsPlace, `calls: expected ${calls.length}, got ${got}`);
    }
    calls.forEach((call, i) => {
      const request = made[i];
      if (request === undefined) return;
      if (request.server !== call.server) {
        this.#fail(
          call.place,
          `calls[${i}].server: expected "${call.server}", got "${request.server}"`,
        );
        return;
      }
      this.#checkRequest(`calls[${i}]`, call, request);
    });
  }

  #checkRequest(what: string, expected: RequestExpectation, request: Received): void {
    this.#match(`${what}.method`, expected.method, Buffer.from(request.method));
    this.#match(`${what}.path`, expected.path, Buffer.from(request.path));
    this.#headers(`${what}.headers`, expected.headers, request.headers);
    this.#match(`${what}.body`, expected.body, request.body);
    this.#headers(`${what}.trailers`, expected.trailers, request.trailers ?? []);
    const { messages } = expected;
    if (messages === undefined) return;
    const got = request.messages ?? [];
    if (got.length !== messages.length) {
      const text = `${what}.messages: expected ${messages.length}, got ${got.length}`;
      this.#fail(expected.place, text);
    }
    messages.forEach((message, i) => this.#match(`${what}.messages[${i}]`, message, got[i]));
  }

  #checkConnection(): void {
    const expected = this.#expectation.connection;
    if (expected === undefined) return;
    const { received, closed } = this.#observed;
    this.#match("connection.received", expected.received, received);
    if (expected.closed === undefined || expected.closed.value === closed) return;
    const text = closed
      ? "expected that it is open, it was closed"
      : "expected that it is closed, it is open";
    this.#fail(expected.closed.place, `connection: ${text}`);
  }

  #checkLog(): void {
    let lines = this.#observed.log;
    for (const expected of this.#expectation.log) {
      const at = lines.findIndex((line) => isLine(expected, line));
      if (at < 0) {
        const list = lines.length === 0 ? "there is none" : `there are\n${listOf(lines)}`;
        this.#fail(expected.place, `log: expected ${wantedLine(expected)}; ${list}`);
        break;
      }
      lines = lines.slice(at + 1);
    }
    for (const unwanted of this.#expectation.noLog) {
      const line = this.#observed.log.find((each) => isLine(unwanted, each));
      if (line === undefined) continue;
      this.#fail(unwanted.place, `no_log: expected no such line, got ${lineText(line)}`);
    }
  }

  #checkMetrics(): void {
    for (const { name, place, min, max } of this.#expectation.metrics) {
      const value = this.#observed.metrics.get(name);
      if (min === undefined || max === undefined) {
        if (value !== undefined) this.#fail(place, `metrics.${name}: expected none, got ${value}`);
        continue;
      }
      if (value !== undefined && value >= min && value <= max) continue;
      const bounds = min === max ? String(min) : `${min} to ${max}`;
      this.#fail(place, `metrics.${name}: expected ${bounds}, got ${value ?? "none"}`);
    }
  }

  #checkStates(): void {
    for (const { name, place, value } of this.#expectation.metadata) {
      const actual = this.#record?.metadata[name];
      if (isDeepStrictEqual(actual, value)) continue;
      const got = actual === undefined ? "none" : JSON.stringify(actual);
      this.#fail(place, `metadata.${name}: expected ${JSON.stringify(value)}, got ${got}`);
    }
    for (const { name, place, matcher } of this.#expectation.filterState) {
      const text = this.#record?.filterState[name];
      const actual = text === undefined ? undefined : Buffer.from(text);
      this.#match(`filter_state.${name}`, { matcher: matcher!, place }, actual);
    }
  }
}

function isLine({ level, matcher }: LogExpectation, line: LogLine): boolean {
  if (level !== undefined && level !== line.level) return false;
  return meets(matcher, Buffer.from(line.text)) || meets(matcher, wordsOf(line));
}

/** What a guest has said, without what the proxy puts before it. */
function wordsOf({ text }: LogLine): Buffer {
  return Buffer.from(text.replace(/^(?:wasm log[^:]*|script log): /, ""));
}

function wantedLine({ level, matcher }: LogExpectation): string {
  return `${level === undefined ? "a line" : `a line of level ${level}`} that is ${wanted(matcher)}`;
}

function lineText({ level, text }: LogLine): string {
  return `${level}: ${text}`;
}

const linesShown = 20;

function listOf(lines: readonly LogLine[]): string {
  const shownLines = lines.slice(0, linesShown).map((line) => `    ${lineText(line)}`);
  const more = lines.length - shownLines.length;
  return [...shownLines, ...(more > 0 ? [`    and ${more} more`] : [])].join("\n");
}
