import { writeFileSync } from "node:fs";
import path from "node:path";
import { WatTexts } from "../../support/wat-texts.ts";

/** Logs `text`, and behind it the second parameter as one letter: `a` for 0. */
function logCount(w: WatTexts, text: string): string {
  const place = /const (\d+)\) \(i32.const (\d+)\)/.exec(w.text(`${text} ?`))!;
  const at = Number(place[1]) + Number(place[2]) - 1;
  return `(i32.store8 (i32.const ${at}) (i32.add (i32.const 48) (local.get 1)))
    (drop (call $proxy_log (i32.const 2) ${w.text(`${text} ?`)}))`;
}

/** Logs in one line of which maps there is a size: `+` for a map that is there, `-` for another. */
function logMaps(w: WatTexts, text: string): string {
  const line = `${text} ??????????`;
  const at = Number(/const (\d+)\)/.exec(w.text(line))![1]) + line.indexOf("?");
  let code = "";
  for (let map = 0; map < 10; map += 1) {
    code += `(i32.store8 (i32.const ${at + map}) (if (result i32)
      (call $proxy_get_header_map_size (i32.const ${map}) (i32.const 0))
      (then (i32.const 45)) (else (i32.const 43))))`;
  }
  return `${code} (drop (call $proxy_log (i32.const 2) ${w.text(line)}))`;
}

/** A guest that holds the message of a direction until a tick has come. */
function heldUntilTick(w: WatTexts, direction: "request" | "response"): string[] {
  return [
    w.callback(
      `proxy_on_${direction}_headers`,
      3,
      `(global.set $stream (local.get 0))
      (drop (call $proxy_set_effective_context (i32.const 1)))
      (drop (call $proxy_set_tick_period_milliseconds (i32.const 100)))`,
      4,
    ),
    "(global $stream (mut i32) (i32.const 0))",
    w.procedure(
      "proxy_on_tick",
      1,
      `${w.log("held")}
      (drop (call $proxy_set_tick_period_milliseconds (i32.const 0)))
      (drop (call $proxy_set_effective_context (global.get $stream)))
      (drop (call $proxy_continue_stream (i32.const ${direction === "request" ? 0 : 1})))`,
    ),
    w.callback(`proxy_on_${direction}_metadata`, 2, w.log(`${direction} metadata`)),
  ];
}

const modules: Readonly<Record<string, (w: WatTexts) => string[]>> = {
  log: (w) => [
    w.callback("proxy_on_request_headers", 3, w.log("request headers")),
    w.callback("proxy_on_request_body", 3, logCount(w, "request body")),
    w.callback("proxy_on_request_trailers", 2, w.log("request trailers")),
    w.callback(
      "proxy_on_request_metadata",
      2,
      logCount(w, "request metadata") + logMaps(w, "maps"),
    ),
    w.callback("proxy_on_response_headers", 3, w.log("response headers")),
    w.callback("proxy_on_response_body", 3, logCount(w, "response body")),
    w.callback("proxy_on_response_trailers", 2, w.log("response trailers")),
    w.callback(
      "proxy_on_response_metadata",
      2,
      logCount(w, "response metadata") + logMaps(w, "maps"),
    ),
  ],
  hold: (w) => heldUntilTick(w, "request"),
  heldback: (w) => heldUntilTick(w, "response"),
  resume: (w) => [
    w.callback("proxy_on_request_headers", 3, "", 1),
    w.callback(
      "proxy_on_request_metadata",
      2,
      `${logCount(w, "request metadata")} ${logMaps(w, "maps")} (drop (call $proxy_continue_stream (i32.const 0)))`,
    ),
    w.callback("proxy_on_response_headers", 3, "", 1),
    w.callback(
      "proxy_on_response_metadata",
      2,
      `${logCount(w, "response metadata")} ${logMaps(w, "maps")} (drop (call $proxy_continue_stream (i32.const 1)))`,
    ),
  ],
  reply: (w) => [
    w.callback("proxy_on_request_metadata", 2, w.localResponse(418, "teapot", "from metadata")),
  ],
  trap: (w) => [w.callback("proxy_on_request_metadata", 2, "(unreachable)")],
  trapback: (w) => [w.callback("proxy_on_response_metadata", 2, "(unreachable)")],
  replyback: (w) => [
    w.callback("proxy_on_response_metadata", 2, w.localResponse(418, "teapot", "from metadata")),
  ],
  // What the callbacks return means nothing.
  stop: (w) => [
    w.callback("proxy_on_request_metadata", 2, w.log("request metadata"), 1),
    w.callback("proxy_on_response_metadata", 2, w.log("response metadata"), 3),
  ],
};

/** Writes the modules; gives their files. */
export async function writeGuests(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const [name, parts] of Object.entries(modules)) {
    const w = new WatTexts();
    const code = await w.module(...parts(w));
    files[name] = path.join(folder, `${name}.wasm`);
    writeFileSync(files[name], code);
  }
  return files;
}
