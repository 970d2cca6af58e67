// CPU of one hook that makes a synchronous httpCall() and is resumed with its response, without the call itself.
//   node -C sluice-source test/bench/micro/lua-http-call.bench.ts
import { OwnedBuffer } from "../../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../../host/src/common/headers/header-map.ts";
import type { AsyncClientCallbacks } from "../../../host/src/contracts/upstream/async-client.ts";
import { StreamHandle } from "../../../host/src/guest/lua/stream-handle.ts";
import { LuaHost, RecordedSide } from "../../support/lua.ts";

const batch = 5000;
const warmUps = 20;
const rounds = 40;

const script = new LuaHost().load(`function envoy_on_request(handle)
  local headers = handle:httpCall("known",
    { [":method"] = "GET", [":path"] = "/", [":authority"] = "bench" }, nil, 5000)
  assert(headers[":status"] == "200")
end`);
const hook = script.requestHook!;

let waiting: AsyncClientCallbacks | undefined;
const side = new RecordedSide(true);
side.client.send = (_request, callbacks) => {
  waiting = callbacks;
  return { cancel: () => undefined };
};
const request = headerMapOf([
  [":method", "GET"],
  [":path", "/"],
  [":authority", "bench"],
]);

function stream(): void {
  const handle = new StreamHandle(script, side, request, true);
  handle.start(hook);
  const headers = headerMapOf([
    [":status", "200"],
    ["server", "bench"],
    ["content-type", "text/plain"],
    ["content-length", "12"],
    ["x-envoy-upstream-service-time", "0"],
  ]);
  waiting!.onSuccess({ headers, body: OwnedBuffer.latin1("hello world\n"), trailers: undefined });
  handle.onDestroy();
}

let best = Infinity;
for (let round = -warmUps; round < rounds; round += 1) {
  const before = process.cpuUsage();
  for (let i = 0; i < batch; i += 1) stream();
  const { user, system } = process.cpuUsage(before);
  if (round >= 0) best = Math.min(best, (user + system) / batch);
  // Compiled code is taken between events.
  await new Promise((resolve) => setImmediate(resolve));
}
if (side.errors.length > 0) throw new Error(side.errors[0]);
console.log(`one synchronous httpCall() of a script: ${best.toFixed(2)} us CPU`);
