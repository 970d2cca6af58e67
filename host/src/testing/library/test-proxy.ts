import type { Costs, LogLine } from "../proxy/proxy.ts";
import type { VirtualProxy } from "../proxy/virtual-proxy.ts";
import { Connection } from "../run/connection.ts";
import { sendReply } from "../run/reply.ts";
import { beginExchange } from "../run/begin-exchange.ts";
import type { Exchange, Response } from "../run/exchange.ts";
import type { Received } from "../servers/received.ts";
import { headerOf } from "../servers/received.ts";
import type { Action, HeaderList, TestCase } from "../suite/suite.ts";
import type { ContentFields, ReplyFields, RequestFields, SendFields } from "./fields.ts";

/** A request that a server has got. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
  readonly trailers: HeaderList;
  /** Of gRPC. */
  readonly messages: readonly Buffer[];
  /** The body as text. */
  readonly text: string;
  /** The values of a header, joined by commas; undefined when it is not there. */
  header(name: string): string | undefined;
}

/** Reads a step of a suite. */
type ReadStep = (step: object) => TestCase;

/** A proxy with the filters of a suite, for one test. Dispose of it when the test is over. */
export class TestProxy implements AsyncDisposable {
  readonly #proxy: VirtualProxy;
  readonly #read: ReadStep;
  readonly #open: { close(): void }[] = [];
  #closed = false;

  /** @internal For `OpenedSuite.start`. */
  constructor(proxy: VirtualProxy, read: ReadStep) {
    this.#proxy = proxy;
    this.#read = read;
  }

  /** Sends a request and waits for the whole response; meanwhile the clock moves on. Throws when none comes. */
  async request(fields: RequestFields = {}): Promise<Response> {
    const open = await this.#begin(fields);
    return open.response();
  }

  /** Sends the beginning of a request: more follows by `send`. */
  async begin(fields: RequestFields = {}): Promise<OpenRequest> {
    return this.#begin({ ...fields, open: true });
  }

  /** Opens a connection to network filters. */
  async connect(): Promise<OpenConnection> {
    const connection = await Connection.open(this.#proxy);
    this.#open.push(connection);
    return new OpenConnection(connection, this.#proxy, this.#read);
  }

  /** Moves the clock, by ms or by a time such as `5m`. */
  async advance(time: number | string): Promise<void> {
    const advance = typeof time === "number" ? `${time}ms` : time;
    const action = actionOf(this.#read({ advance }), "advance");
    await this.#proxy.advance(action.ms);
  }

  /** The requests that a server has got so far. */
  received(server = "upstream"): ReceivedRequest[] {
    return this.#proxy.requests.filter((each) => each.server === server).map(receivedRequest);
  }

  /** The bytes that a server has got so far behind network filters, by connection. */
  receivedBytes(server = "upstream"): Buffer[] {
    const connections = this.#proxy.connections.filter((each) => each.server === server);
    return connections.map(({ bytes }) => bytes);
  }

  /** Lets a server behind network filters send, on its latest connection. Throws when it has none. */
  async reply(fields: ReplyFields): Promise<void> {
    const { reply } = actionOf(this.#read({ reply: fields }), "reply");
    const problem = await sendReply(this.#proxy, reply);
    if (problem !== undefined) throw new Error(problem);
  }

  /** What has been logged so far. */
  get log(): readonly LogLine[] {
    return this.#proxy.log();
  }

  /** A counter's or gauge's value, a histogram's count; undefined: it does not exist. */
  metric(name: string): Promise<number | undefined> {
    return this.#proxy.metric(name);
  }

  /** What Wasm modules have taken so far, without their start. */
  costs(): Costs {
    return (
      this.#proxy.costs() ?? { instructions: 0, hostCalls: 0, allocations: 0, allocatedBytes: 0 }
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const each of this.#open) each.close();
    await this.#proxy.close();
  }

  async #begin(fields: object): Promise<OpenRequest> {
    const read = this.#read({ request: fields });
    const { request } = actionOf(read, "request");
    const protocol = read.settings.protocol ?? "http1";
    const exchange = await beginExchange(this.#proxy, request, protocol);
    this.#open.push(exchange);
    return new OpenRequest(exchange, this.#proxy, this.#read);
  }
}

/** A request under way. */
export class OpenRequest {
  readonly #exchange: Exchange;
  readonly #proxy: VirtualProxy;
  readonly #read: ReadStep;

  /** @internal */
  constructor(exchange: Exchange, proxy: VirtualProxy, read: ReadStep) {
    this.#exchange = exchange;
    this.#proxy = proxy;
    this.#read = read;
  }

  /** Sends more, and lets it have its effects. */
  async send(fields: SendFields): Promise<void> {
    await this.#exchange.send(actionOf(this.#read({ send: fields }), "send").send);
  }

  /** What has come of the response; `complete` says whether that is all. */
  get soFar(): Response {
    return this.#exchange.response;
  }

  /** Waits for the whole response; the clock moves on. Throws when none comes. */
  async response(): Promise<Response> {
    const exchange = this.#exchange;
    await this.#proxy.waitFor(() => exchange.isOver);
    if (exchange.response.complete) return exchange.response;
    throw new Error(
      exchange.reset ? "the connection was closed without a whole response" : "no response comes",
    );
  }

  /** Gives up: closes the connection. */
  close(): void {
    this.#exchange.close();
  }
}

/** A client's connection to network filters. */
export class OpenConnection {
  readonly #connection: Connection;
  readonly #proxy: VirtualProxy;
  readonly #read: ReadStep;

  /** @internal */
  constructor(connection: Connection, proxy: VirtualProxy, read: ReadStep) {
    this.#connection = connection;
    this.#proxy = proxy;
    this.#read = read;
  }

  /** All bytes so far. */
  get received(): Buffer {
    return this.#connection.received;
  }

  /** The proxy has ended it. */
  get closed(): boolean {
    return this.#connection.closed;
  }

  /** Sends bytes, and lets them have their effects. */
  async send(...pieces: readonly ContentFields[]): Promise<void> {
    await this.#connection.send(actionOf(this.#read({ send: pieces }), "send").send);
  }

  /** Ends it from this side. */
  async end(): Promise<void> {
    this.#connection.close();
    await this.#proxy.settle();
  }
}

/** The one action of a case that was read for it. */
function actionOf<K extends Action["kind"]>(
  test: TestCase,
  kind: K,
): Extract<Action, { readonly kind: K }> {
  const action = test.steps[0]?.action;
  if (action?.kind !== kind) throw new Error(`expected the step ${kind}`);
  return action as Extract<Action, { readonly kind: K }>;
}

function receivedRequest(request: Received): ReceivedRequest {
  const { method, path, headers, body, trailers, messages } = request;
  return {
    method,
    path,
    headers,
    body,
    trailers: trailers ?? [],
    messages: messages ?? [],
    text: body.toString(),
    header: (name) => headerOf(headers, name.toLowerCase())?.toString(),
  };
}
