// How often the bytes of a 1 MB request body are copied on their way through a Wasm filter that holds the body and reads
// all of it, and for comparison without it:
//   node -C sluice-source test/bench/micro/wasm-body-copies.bench.ts
import { once } from "node:events";
import net from "node:net";
import type { DataBuffer } from "../../../host/src/contracts/buffer.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type HttpFilterInstances,
  type StreamDecoderFilter,
  type StreamDecoderFilterCallbacks,
} from "../../../host/src/contracts/http/filter.ts";
import { PluginInstances } from "../../../host/src/extensions/http-filters/wasm/plugin-instances.ts";
import { HcmServer } from "../../support/hcm-server.ts";
import { guest } from "../../support/wasm-guest.ts";
import { WasmHost } from "../../support/wasm.ts";

const size = 1_048_576;
/** Shorter copies are not of bodies. */
const leastBytes = 1024;
const target = 2;

let copied = 0;

function count(bytes: number): void {
  if (bytes >= leastBytes) copied += bytes;
}

/** Puts a function that counts in the place of each that copies bytes. */
// oxlint-disable typescript/unbound-method -- each is called with the `this` that its replacement gets
function countCopies(): void {
  const { set, slice } = Uint8Array.prototype;
  Uint8Array.prototype.set = function counted(source, offset) {
    count(source.length);
    set.call(this, source, offset);
  };
  Uint8Array.prototype.slice = function counted(start, end) {
    const part = slice.call(this, start, end) as Uint8Array<ArrayBuffer>;
    count(part.length);
    return part;
  };
  const { copy } = Buffer.prototype;
  Buffer.prototype.copy = function counted(
    to: Uint8Array,
    at?: number,
    start?: number,
    end?: number,
  ): number {
    const bytes = copy.call(this, to, at, start, end);
    count(bytes);
    return bytes;
  };
  const { concat } = Buffer;
  Buffer.concat = (list, length) => {
    const all = concat(list, length);
    count(all.length);
    return all;
  };
}

// oxlint-enable typescript/unbound-method

/** Stands where the router stands: takes the body and answers. */
class Sink implements StreamDecoderFilter {
  #callbacks!: StreamDecoderFilterCallbacks;
  #received = 0;

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.#callbacks = callbacks;
  }

  decodeHeaders(): FilterHeadersStatus {
    return FilterHeadersStatus.StopIteration;
  }

  decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    this.#received += data.length;
    data.drain(data.length);
    if (endStream) {
      const body = `${this.#received} bytes`;
      this.#callbacks.sendLocalReply({ code: 200, body, details: "" });
    }
    return FilterDataStatus.StopIterationNoBuffer;
  }

  decodeTrailers(): FilterTrailersStatus {
    return FilterTrailersStatus.StopIteration;
  }

  onDestroy(): void {
    // Nothing is held.
  }
}

const reader = await guest(`
  (func (export "proxy_on_context_create") (param i32 i32) (drop (memory.grow (i32.const 40))))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
    (if (i32.eqz (local.get 2)) (then (return (i32.const 1))))
    (drop (call $proxy_get_buffer_bytes (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 4)))
    (i32.const 0))`);

/** Sends the body through these filters; how often each of its bytes was copied. */
async function copiesThrough(filters: readonly HttpFilterInstances[]): Promise<number> {
  const sink: HttpFilterInstances = {
    createFilters: (callbacks) => callbacks.addStreamDecoderFilter(new Sink()),
  };
  const chain = [...filters, sink].map((instances, i) => ({ name: `filter ${i}`, instances }));
  await using server = await HcmServer.start({ filters: chain, bufferLimit: 2 * size });
  const socket = net.connect(server.port, "127.0.0.1");
  socket.write(`POST / HTTP/1.1\r\nhost: h\r\ncontent-length: ${size}\r\n\r\n`);
  await once(socket, "connect");
  copied = 0;
  socket.write(Buffer.alloc(size, "x"));
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  if (!answer.includes(`${size} bytes`)) throw new Error(answer.toString());
  return copied / size;
}

countCopies();
const without = await copiesThrough([]);
const plugin = new PluginInstances(await new WasmHost().start(Buffer.from(reader)));
const with_ = await copiesThrough([plugin]);
console.log(
  `a 1 MB body held and read: ${with_.toFixed(2)} copies (target ≤ ${target}), ${without.toFixed(2)} without a filter`,
);
