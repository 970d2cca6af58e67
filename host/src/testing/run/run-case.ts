import { isRefusal, type Proxy, type Refusal } from "../proxy/proxy.ts";
import type { Expectation } from "../suite/expectation.ts";
import type { Action, Protocol, TestCase } from "../suite/suite.ts";
import type { Received } from "../servers/received.ts";
import { Connection } from "./connection.ts";
import { beginExchange } from "./begin-exchange.ts";
import type { Exchange } from "./exchange.ts";
import { sendReply } from "./reply.ts";
import { type Observed, type Outcome, snapshotOf } from "./observed.ts";

/** Runs the steps of a case in a proxy that was started for it, and ends the proxy. */
export async function runCase(test: TestCase, started: Proxy | Refusal): Promise<Outcome> {
  if (isRefusal(started)) {
    const { problems: refused } = started;
    return { observed: [], records: [], costs: undefined, refused, startLines: 0 };
  }
  const run = new CaseRun(started, test.settings.protocol ?? "http1");
  const startLines = started.log().length;
  const observed: Observed[] = [];
  let stuck: Outcome["stuck"];
  try {
    for (const { action, expectation, place } of test.steps) {
      const problem = await run.act(action, expectation);
      if (problem !== undefined) {
        stuck = { place, text: problem };
        break;
      }
      if (expectation !== undefined) observed.push(await run.look(expectation));
    }
    await started.settle(() => true);
  } finally {
    run.end();
  }
  const costs = started.costs();
  const records = await started.close();
  return { observed, records, costs, refused: undefined, startLines, stuck };
}

/** A case under way: its requests and connections, and what has been looked at. */
class CaseRun {
  readonly #proxy: Proxy;
  readonly #protocol: Protocol;
  #exchange: Exchange | undefined = undefined;
  #connection: Connection | undefined = undefined;
  readonly #all: { close(): void }[] = [];
  #requestsSeen = 0;
  /** Requests that were not complete when they were looked at last. */
  #unfinished: readonly Received[] = [];
  #linesSeen = 0;

  constructor(proxy: Proxy, protocol: Protocol) {
    this.#proxy = proxy;
    this.#protocol = protocol;
  }

  /** Takes a step, or says why it cannot be taken. */
  async act(action: Action, expectation: Expectation | undefined): Promise<string | undefined> {
    if (action.kind === "reply") return sendReply(this.#proxy, action.reply);
    await this.#do(action, expectation);
    return undefined;
  }

  async #do(
    action: Exclude<Action, { readonly kind: "reply" }>,
    expectation: Expectation | undefined,
  ): Promise<void> {
    switch (action.kind) {
      case "request":
        this.#exchange = await beginExchange(this.#proxy, action.request, this.#protocol);
        this.#all.push(this.#exchange);
        if (!action.request.open) await this.#waitForResponse(expectation);
        return;
      case "send":
        await this.#exchange?.send(action.send);
        await this.#connection?.send(action.send);
        if (action.send.end) await this.#waitForResponse(expectation);
        return;
      case "connect":
        this.#connection = await Connection.open(this.#proxy);
        this.#all.push(this.#connection);
        if (action.send !== undefined) await this.#connection.send(action.send);
        return;
      case "close":
        if (action.reset) this.#connection?.reset();
        else this.#connection?.close();
        this.#exchange?.close();
        return this.#proxy.settle(() => false);
      case "advance":
        return this.#proxy.advance(action.ms);
      case "look":
        return this.#proxy.settle(() => false);
    }
  }

  async look(expectation: Expectation): Promise<Observed> {
    const metrics = new Map<string, number | undefined>();
    for (const { name } of expectation.metrics) metrics.set(name, await this.#proxy.metric(name));
    const fresh = this.#proxy.requests.slice(this.#requestsSeen);
    const requests = [...this.#unfinished, ...fresh];
    this.#unfinished = requests.filter(({ complete }) => !complete);
    const log = this.#proxy.log().slice(this.#linesSeen);
    this.#requestsSeen += fresh.length;
    this.#linesSeen += log.length;
    const { connections } = this.#proxy;
    const exchange = this.#exchange;
    return snapshotOf({
      exchange,
      connection: this.#connection,
      requests,
      fresh,
      connections,
      log,
      metrics,
    });
  }

  end(): void {
    for (const each of this.#all) each.close();
  }

  /** The clock stands still for those who expect that nothing has come yet. */
  #waitForResponse(expectation: Expectation | undefined): Promise<void> {
    const exchange = this.#exchange;
    if (exchange === undefined) return this.#proxy.settle(() => true);
    if (expectation?.response?.kind === "pending") return this.#proxy.settle(() => false);
    return this.#proxy.waitFor(() => exchange.isOver);
  }
}
