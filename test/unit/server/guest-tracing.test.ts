import assert from "node:assert/strict";
import type { MessagePort } from "node:worker_threads";
import { test } from "node:test";
import type { TraceRequest } from "../../../host/src/guest/watch/guest-trace.ts";
import { TracePort } from "../../../host/src/guest/watch/trace-port.ts";
import {
  traceGuest,
  type TraceOutput,
  type TraceRefusal,
} from "../../../host/src/server/guest-tracing.ts";
import type { Server } from "../../../host/src/server/server.ts";

const request: TraceRequest = { guest: "auth", streams: 2, secretHeaders: [], maxTextBytes: 64 };
const bounds = { durationMs: 60_000, bytes: 1_000_000_000 };

/** The workers' ends of a trace, in this thread. */
class Workers {
  readonly ports = new Map<string, TracePort>();
  readonly gone: string[] = [];
  readonly server: Pick<Server, "ask">;

  constructor(...names: readonly string[]) {
    this.server = {
      ask: (question) =>
        Promise.resolve(
          names.map((worker) => {
            const { command } = question(worker);
            assert.equal(command.kind, "trace_guest");
            const { port } = command as { readonly port: MessagePort };
            this.ports.set(worker, new TracePort(port, () => this.gone.push(worker)));
            port.ref();
            return {
              worker,
              answer: { ok: true, value: { attached: true, taken: false, known: [] } },
            };
          }),
        ),
    };
  }
}

/** Collects what is written; takes it only when `open`. */
class Output implements TraceOutput {
  text = "";
  open = true;
  #gone: () => void = () => {};
  #waiting: (() => void)[] = [];

  write(text: string): Promise<void> {
    this.text += text;
    if (this.open) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
  onGone(callback: () => void): void {
    this.#gone = callback;
  }
  goAway(): void {
    this.#gone();
  }
  drain(): void {
    this.open = true;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

test("a trace ends when the streams that were asked for have ended, and shows no others", async () => {
  const workers = new Workers("worker_0", "worker_1");
  const output = new Output();
  const started = await traceGuest(workers.server, request);
  assert.ok(started.ok);
  const ended = started.value.copyTo(output, bounds);
  const [one, two] = [workers.ports.get("worker_0")!, workers.ports.get("worker_1")!];
  one.write({ stream: 1, text: "context 7", border: "first" });
  one.write({ stream: 1, text: "call" });
  one.write({ stream: 2, text: "context 8", border: "first" });
  await until(() => output.text.includes("#2"));
  two.write({ stream: 1, text: "context 3", border: "first" });
  two.write({ stream: 1, text: "not shown" });
  two.write({ stream: 0, text: "tick" });
  await until(() => output.text.includes("tick"));
  one.write({ stream: 1, text: "over", border: "last" });
  one.write({ stream: 2, text: "over", border: "last" });
  await ended;
  assert.equal(
    output.text,
    "#1 begins on worker_0: context 7\n#1 call\n#2 begins on worker_0: context 8\nworker_1 tick\n" +
      "#1 over\n#2 over\n-- done; streams traced: 2\n",
  );
  await until(() => workers.gone.length === 2);
});

test("lines are lost, and counted, when the reader is slow; no more than a bounded part waits", async () => {
  const workers = new Workers("worker_0");
  const output = new Output();
  const started = await traceGuest(workers.server, request);
  assert.ok(started.ok);
  const ended = started.value.copyTo(output, bounds);
  output.open = false;
  const port = workers.ports.get("worker_0")!;
  port.write({ stream: 1, text: "context 1", border: "first" });
  const line = "x".repeat(1000);
  // The reader takes nothing after the first piece.
  for (let i = 0; i < 100; i += 1) {
    for (let k = 0; k < 100; k += 1) port.write({ stream: 1, text: line });
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(output.text.length < 400_000, `${output.text.length} bytes were written`);
  output.drain();
  const shown = (): number => output.text.split(line).length - 1;
  const lostLine = /-- (\d+) lines of worker_0 are lost: the reader is slow\n/g;
  const lost = (): number =>
    [...output.text.matchAll(lostLine)].reduce((sum, [, count]) => sum + Number(count), 0);
  await until(() => shown() + lost() === 10_000);
  assert.ok(lost() > 9000, `${lost()} lines were lost`);
  output.goAway();
  await ended;
});

test("a trace ends when its reader goes away, and lets go of the workers", async () => {
  const workers = new Workers("worker_0");
  const output = new Output();
  const started = await traceGuest(workers.server, request);
  assert.ok(started.ok);
  const ended = started.value.copyTo(output, bounds);
  output.goAway();
  await ended;
  await until(() => workers.gone.length === 1);
  assert.equal(output.text, "");
});

test("a trace ends when it has written enough", async () => {
  const workers = new Workers("worker_0", "worker_1");
  const output = new Output();
  const started = await traceGuest(workers.server, request);
  assert.ok(started.ok);
  const ended = started.value.copyTo(output, { ...bounds, bytes: 100 });
  for (const port of workers.ports.values()) port.write({ stream: 0, text: "y".repeat(200) });
  await ended;
  // Also after what the other worker has sent meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.match(output.text, /-- 100 bytes are written; streams traced: 0\n$/);
});

test("traceGuest() says why there is no trace", async () => {
  const refused = async (...values: readonly object[]): Promise<TraceRefusal> => {
    const server: Pick<Server, "ask"> = {
      ask: (question) =>
        Promise.resolve(
          values.map((value, i) => {
            question(`worker_${i}`);
            return { worker: `worker_${i}`, answer: { ok: true, value } };
          }),
        ),
    };
    const result = await traceGuest(server, { ...request, guest: "autt" });
    assert.ok(!result.ok);
    return result.error;
  };
  assert.deepEqual(await refused(), { status: 503, text: "no worker answers" });
  const unknown = { attached: false, taken: false, known: ["auth", "rate"] };
  assert.deepEqual(await refused(unknown, unknown), {
    status: 404,
    text: 'there is no Wasm plugin or Lua filter "autt": did you mean "auth"? there are "auth", "rate"',
  });
  const script = { attached: false, taken: false, known: [], isScript: true };
  assert.deepEqual(await refused(script), {
    status: 400,
    text: '"autt" is a Lua script: only Wasm plugins are recorded; sluice trace follows its calls',
  });
  const taken = { attached: false, taken: true, known: [] };
  const attached = { attached: true, taken: false, known: [] };
  for (const starts of [[taken], [attached, taken]]) {
    assert.deepEqual(await refused(...starts), {
      status: 409,
      text: '"autt" is being traced already',
    });
  }
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
