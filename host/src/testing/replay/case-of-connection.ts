import { CLOSE_REMOTE } from "@sluice/abi";
import type { RecordedCallback, RecordedHostCall, Recording } from "../../guest/watch/recording.ts";
import type { JsonMap, JsonValue } from "../suite/suite.ts";
import { content, HeldBytes, logOf } from "./recorded-content.ts";
import { calledServersOf } from "./recorded-servers.ts";

/** What came from the client and from servers on a recorded connection, step by step, and what the module has said. */
export function caseOfConnection(recording: Recording): JsonMap {
  const { callbacks } = recording;
  const log = logOf(callbacks.flatMap(({ calls }) => calls));
  const failed = callbacks.some(({ failure }) => failure !== undefined);
  const steps = new ConnectionSteps();
  for (const callback of callbacks) steps.add(callback);
  const servers = { ...calledServersOf(recording), ...steps.servers };
  return {
    steps: steps.steps,
    ...(Object.keys(servers).length > 0 && { servers }),
    expect: {
      ...(failed && { connection: { closed: true } }),
      ...(log.length > 0 && { log }),
      snapshot: true,
    },
  };
}

/** Of a connection that the module has opened: it was never connected. */
const neverConnected = 0;

/** Makes steps of callbacks. */
class ConnectionSteps {
  readonly steps: JsonMap[] = [{ connect: true }];
  /** Those that the module has connected to, by cluster. */
  readonly servers: Record<string, JsonMap> = {};
  readonly #fromClient = new HeldBytes();
  readonly #fromUpstream = new HeldBytes();
  /** Of connections that the module has opened, by number. */
  readonly #opened = new Map<number, { readonly cluster: string; readonly held: HeldBytes }>();
  #clientEnded = false;

  add(callback: RecordedCallback): void {
    const { name, args, calls } = callback;
    for (const call of calls) this.#learn(call);
    switch (name) {
      case "sluice_on_first_bytes":
        return this.#send(this.#fromClient.fresh(callback), false);
      case "proxy_on_downstream_data":
        return this.#send(this.#fromClient.fresh(callback), args[2] === 1);
      case "proxy_on_upstream_data":
        return this.#reply(undefined, this.#fromUpstream.fresh(callback), args[2] === 1);
      case "proxy_on_downstream_connection_close":
        // An end would have been shown before.
        if (args[1] === CLOSE_REMOTE && !this.#clientEnded) this.steps.push({ close: "reset" });
        return;
      case "sluice_on_tcp_data": {
        const opened = this.#opened.get(args[1] ?? 0);
        if (opened === undefined) return;
        return this.#reply(opened.cluster, opened.held.fresh(callback), args[3] === 1);
      }
      case "sluice_on_tcp_close":
        return this.#closed(args[1] ?? 0, args[2]);
      default:
    }
  }

  #learn({ name, inputs, outputs, status }: RecordedHostCall): void {
    if (name !== "sluice_tcp_connect" || status !== 0) return;
    const cluster = String(inputs[0]);
    this.#opened.set(Number(outputs[0]), { cluster, held: new HeldBytes() });
    this.servers[cluster] ??= { echo: false };
  }

  #send(bytes: string, end: boolean): void {
    if (bytes !== "") this.steps.push({ send: content(bytes) });
    if (!end || this.#clientEnded) return;
    this.#clientEnded = true;
    this.steps.push({ close: true });
  }

  #reply(server: string | undefined, bytes: string, end: boolean): void {
    if (bytes === "" && !end) return;
    const isPlain = server === undefined && !end;
    const fields: JsonMap = {
      ...(server !== undefined && { server }),
      ...(bytes !== "" && { send: content(bytes) }),
      ...(end && { end }),
    };
    const reply: JsonValue = isPlain ? content(bytes) : fields;
    this.steps.push({ reply });
  }

  #closed(number: number, by: number | undefined): void {
    const cluster = this.#opened.get(number)?.cluster;
    if (cluster === undefined) return;
    if (by === neverConnected) this.servers[cluster] = { refused: true };
    // Its end has been told of with its last bytes, where it came with them.
    else if (by === CLOSE_REMOTE && !this.#hasEnded(cluster)) this.#reply(cluster, "", true);
  }

  #hasEnded(cluster: string): boolean {
    return this.steps.some(({ reply }) => {
      const { server, end } = (reply ?? {}) as { readonly server?: string; readonly end?: boolean };
      return server === cluster && end === true;
    });
  }
}
