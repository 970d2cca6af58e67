import { readFileSync } from "node:fs";
import { adminAt } from "./admin-stats.ts";
import { TestClient } from "./hcm-server.ts";
import { freePort } from "./ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  staticCluster,
  unlimitedGuests,
} from "./proxy-config.ts";
import { answering, ok, TestUpstream } from "./router-server.ts";
import { type Cleanup, scratchFolder, type SluiceProcess, startSluice } from "./sluice-process.ts";

/** Uses each object that a handle gives, in both hooks. */
const script = `
local key = ("\\48\\1"):rep(40)
local function use(h)
  local headers = h:headers()
  headers:add("x-some", "value")
  headers:replace("x-some", "other")
  for _ in pairs(headers) do end
  h:requestHeaders():get(":path")
  h:metadata():get("k")
  h:filterContext():get("k")
  h:route():metadata():get("k")
  h:virtualHost():metadata():get("k")
  local info = h:streamInfo()
  info:protocol() info:routeName() info:virtualClusterName() info:requestedServerName()
  info:downstreamLocalAddress() info:downstreamDirectRemoteAddress() info:downstreamSslConnection()
  info:dynamicMetadata():set("f", "k", { a = 1, b = { "x" } })
  for _, struct in pairs(info:dynamicMetadata()) do assert(struct.k.a == 1) end
  info:dynamicTypedMetadata("f")
  info:filterState():get("f")
  h:connection():ssl()
  h:connectionStreamInfo():dynamicMetadata():get("f")
  h:base64Decode(h:base64Escape("text"))
  h:timestampString()
  h:importPublicKey(key, #key):get()
  h:logDebug("a line")
end
function envoy_on_request(h)
  use(h)
  if h:headers():get("x-act") == "call" then
    local _, body = h:httpCall("callout", { [":method"] = "GET", [":path"] = "/", [":authority"] = "a" }, "b", 5000)
    h:headers():add("x-called", #body)
  elseif h:headers():get("x-act") == "respond" then
    h:respond({ [":status"] = "200" }, "from the script")
  elseif h:headers():get("x-act") == "fail" then
    error("told to")
  end
  local body = h:body()
  if body then body:setBytes(body:getBytes(0, body:length()):upper()) end
end
function envoy_on_response(h)
  use(h)
  for chunk in h:bodyChunks() do chunk:length() end
  h:trailers()
end`;

/** What every so many requests are, one after another. */
const acts = ["", "call", "", "body", "", "respond", "", "fail"];
const connections = 8;
/** Of how many requests `ask` takes a multiple, so that each kind comes as often. */
export const endurancePortion = acts.length * connections;

/** A proxy with a script that is given a great many requests. */
export class LuaEndurance {
  readonly #sluice: SluiceProcess;
  readonly #port: number;
  readonly #admin: number;

  static async start(cleanup: Cleanup): Promise<LuaEndurance> {
    const upstream = await TestUpstream.start(answering((_, body) => ok(body)));
    const callout = await TestUpstream.start(answering(() => ok("answer")));
    for (const each of [upstream, callout]) cleanup.after(() => each[Symbol.asyncDispose]());
    const [port, admin] = [await freePort(), await freePort()];
    const sluice = await startSluice(cleanup, {
      folder: scratchFolder(cleanup),
      args: ["--concurrency", "1", "--component-log-level", "lua:critical"],
      config: bootstrap(
        [httpListener({ port, filters: [httpFilter("script", luaConfig(script))] })],
        [staticCluster("upstream", [upstream.port]), staticCluster("callout", [callout.port])],
        { ...adminAt(admin), ...unlimitedGuests },
      ),
    });
    return new LuaEndurance(sluice, port, admin);
  }

  private constructor(sluice: SluiceProcess, port: number, admin: number) {
    this.#sluice = sluice;
    this.#port = port;
    this.#admin = admin;
  }

  /** Sends so many requests, a multiple of `endurancePortion`, over some connections; throws at an answer that is not 200. */
  async ask(count: number): Promise<void> {
    const each = count / connections;
    await Promise.all(Array.from({ length: connections }, () => this.#askOneByOne(each)));
  }

  async #askOneByOne(count: number): Promise<void> {
    await using client = await TestClient.connect(this.#port);
    for (let i = 0; i < count; i += 1) {
      const act = acts[i % acts.length]!;
      const body = act === "body" ? "some text" : "";
      const length = body === "" ? "" : `content-length: ${body.length}\r\n`;
      const method = body === "" ? "GET" : "POST";
      client.send(`${method} / HTTP/1.1\r\nhost: h\r\nx-act: ${act}\r\n${length}\r\n${body}`);
      const answer = await client.response();
      if (!answer.startsWith("HTTP/1.1 200 ")) throw new Error(answer);
    }
  }

  /** Memory of the script's states and of the process, and how often the script has failed. */
  async measure(): Promise<{ luaBytes: number; processBytes: number; errors: number }> {
    const text = await (await fetch(`http://127.0.0.1:${this.#admin}/stats?filter=lua`)).text();
    const stat = (pattern: RegExp): number => Number(pattern.exec(text)?.[1]);
    const status = readFileSync(`/proc/${this.#sluice.dataPlanePid}/status`, "utf8");
    return {
      luaBytes: stat(/^sluice\.lua\.script\.memory_bytes: (\d+)$/m),
      processBytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) * 1024,
      errors: stat(/^http\.main\.lua\.errors: (\d+)$/m),
    };
  }
}
