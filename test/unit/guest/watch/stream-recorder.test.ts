import assert from "node:assert/strict";
import { test } from "node:test";
import { GuestTrace, type TraceLine } from "../../../../host/src/guest/watch/guest-trace.ts";
import type { Recording } from "../../../../host/src/guest/watch/recording.ts";
import type { StreamRecorder } from "../../../../host/src/guest/watch/stream-recorder.ts";

const plugin = {
  name: "p",
  rootId: "",
  vmId: "",
  sha256: "",
  file: undefined,
  configuration: "",
  vmConfiguration: "",
  environment: [["KEY", "secret"]],
  allowedCapabilities: undefined,
} as const;

/** A trace that records, and the lines that come of it. */
function recording(options: { onTrap?: boolean; oneIn?: number; maxChars?: number } = {}): {
  trace: GuestTrace;
  lines: TraceLine[];
} {
  const lines: TraceLine[] = [];
  const { onTrap = false, oneIn = 1, maxChars = 10_000 } = options;
  const request = {
    guest: "p",
    streams: 1,
    secretHeaders: ["authorization"],
    maxTextBytes: 0,
    recording: { onTrap, oneIn, maxChars },
  };
  return { trace: new GuestTrace(request, { write: (line) => void lines.push(line) }), lines };
}

/** One stream with one callback, which makes so many calls. */
function stream(trace: GuestTrace, calls = 1, failure?: string): void {
  const follower = trace.stream("context 2");
  const recorder: StreamRecorder | undefined = follower?.recorder;
  if (recorder !== undefined) {
    recorder.plugin = plugin;
    recorder.contexts = { root: 1, stream: 2 };
    recorder.enter("proxy_on_request_headers", [2, 1, 1], { headers: [["a", "b"]] });
    for (let i = 0; i < calls; i += 1) {
      recorder.hostCall({ name: "proxy_log", inputs: [2, "text"], outputs: [], status: 0 });
    }
    recorder.leave(0, failure);
  }
  follower?.over();
}

const recordings = (lines: readonly TraceLine[]): Recording[] =>
  lines.filter(({ border }) => border === "last").map(({ text }) => JSON.parse(text) as Recording);

test("a stream is recorded as a whole, without the values of environment variables", () => {
  const { trace, lines } = recording();
  stream(trace, 2);
  const [{ context, rootContext, callbacks, cut, plugin: recorded, redacted }] = recordings(
    lines,
  ) as [Recording];
  assert.deepEqual([context, rootContext, cut], [2, 1, false]);
  assert.deepEqual(redacted, ["authorization"]);
  assert.deepEqual(recorded.environment, [["KEY", "[redacted]"]]);
  assert.equal(callbacks[0]!.calls.length, 2);
  assert.deepEqual(callbacks[0]!.message, { headers: [["a", "b"]] });
});

test("of streams one in so many is recorded, or those that fail", () => {
  const sampled = recording({ oneIn: 3 });
  for (let i = 0; i < 7; i += 1) stream(sampled.trace);
  assert.equal(recordings(sampled.lines).length, 2);
  const failing = recording({ onTrap: true });
  stream(failing.trace);
  stream(failing.trace, 1, "trapped");
  const [only, more] = recordings(failing.lines);
  assert.equal(more, undefined);
  assert.equal(only!.callbacks[0]!.failure, "trapped");
});

test("a recording is cut when it grows too large, but not its failure", () => {
  const { trace, lines } = recording({ maxChars: 2000 });
  stream(trace, 1000);
  stream(trace, 1000, "trapped");
  const [long, failed] = recordings(lines);
  assert.equal(long!.cut, true);
  assert.equal(long!.callbacks.length, 0, "the callback is not whole");
  assert.equal(failed!.callbacks.at(-1)!.failure, "trapped");
  assert.ok(failed!.callbacks[0]!.calls.length < 100);
});
