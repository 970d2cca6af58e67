import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import type { DataBuffer } from "../../host/src/contracts/buffer.ts";
import type { HeaderMap } from "../../host/src/contracts/headers.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type HttpFilterInstances,
  type StreamDecoderFilter,
  type StreamDecoderFilterCallbacks,
} from "../../host/src/contracts/http/filter.ts";
import { ResponseFlag } from "../../host/src/contracts/stream-info.ts";

/**
 * Stands where the router stands, and answers by the path: `/direct/<status>` a local reply, `/hold` nothing until
 * the test answers, anything else 200 with the head as an upstream would have received it.
 */
export class AnsweringFilter implements StreamDecoderFilter {
  callbacks!: StreamDecoderFilterCallbacks;
  body = "";
  complete = false;
  destroyed = false;

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.callbacks = callbacks;
  }

  decodeHeaders(headers: HeaderMap, endStream: boolean): FilterHeadersStatus {
    const path = headers.get(":path") ?? "";
    const direct = /^\/direct\/(\d+)/.exec(path);
    if (this.callbacks.route() === undefined) {
      this.callbacks.streamInfo.responseFlags |= ResponseFlag.NoRouteFound;
      this.callbacks.sendLocalReply({ code: 404, body: "", details: "route_not_found" });
    } else if (direct !== null) {
      const body = direct[1] === "204" ? "" : `body ~% ${direct[1]}`;
      this.callbacks.sendLocalReply({ code: Number(direct[1]), body, details: "direct_response" });
    } else if (endStream) {
      this.#end(path);
    }
    return FilterHeadersStatus.StopIteration;
  }

  decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    this.body += data.toBuffer().toString("latin1");
    data.drain(data.length);
    if (endStream) this.#end(this.callbacks.requestHeaders?.get(":path") ?? "");
    return FilterDataStatus.StopIterationNoBuffer;
  }

  decodeTrailers(): FilterTrailersStatus {
    this.#end(this.callbacks.requestHeaders?.get(":path") ?? "");
    return FilterTrailersStatus.StopIteration;
  }

  onDestroy(): void {
    this.destroyed = true;
  }

  /** Answers with these headers beside `:status` and `content-length`. */
  answer(body: string, ...headers: (readonly [string, string])[]): void {
    const isHead = this.callbacks.requestHeaders?.get(":method") === "HEAD";
    const map = headerMapOf([
      [":status", "200"],
      ...headers,
      ["content-length", String(body.length)],
    ]);
    this.callbacks.encodeHeaders(map, isHead || body === "", "via_upstream");
    if (!isHead && body !== "") this.callbacks.encodeData(OwnedBuffer.latin1(body), true);
  }

  #end(path: string): void {
    this.complete = true;
    if (path.startsWith("/hold")) return;
    const special = path.startsWith("/response-headers") ? originHeaders : [];
    this.answer(upstreamHead(this.callbacks.requestHeaders!) + this.body, ...special);
  }
}

/** Makes them, and keeps them for the test. */
export class AnsweringFilters implements HttpFilterInstances {
  readonly made: AnsweringFilter[] = [];
  #wake: (() => void)[] = [];

  createFilters(callbacks: Parameters<HttpFilterInstances["createFilters"]>[0]): void {
    const filter = new AnsweringFilter();
    this.made.push(filter);
    callbacks.addStreamDecoderFilter(filter);
    const wake = this.#wake;
    this.#wake = [];
    for (const each of wake) each();
  }

  /** Waits until this many streams have been made, and gives the last one's filter. */
  async until(count: number): Promise<AnsweringFilter> {
    while (this.made.length < count) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return this.made[count - 1]!;
  }
}

const originHeaders: readonly (readonly [string, string])[] = [
  ["server", "origin"],
  ["date", "Thu, 01 Jan 1970 00:00:00 GMT"],
  ["via", "1.1 origin"],
  ["x-request-id", "theirs"],
  ["keep-alive", "timeout=4"],
  ["proxy-connection", "keep-alive"],
  ["connection", "x-hop"],
  ["x-hop", "1"],
  ["x-envoy-foo", "1"],
  ["trailer", "x"],
];

/** What an HTTP/1 upstream receives of these headers. */
function upstreamHead(headers: HeaderMap): string {
  let text = `${headers.get(":method")} ${headers.get(":path")} HTTP/1.1`;
  for (let i = 0; i < headers.size; i += 1) {
    const name = headers.nameAt(i);
    if (name === ":authority") text += `\r\nhost: ${headers.valueAt(i)}`;
    else if (!name.startsWith(":")) text += `\r\n${name}: ${headers.valueAt(i)}`;
  }
  return text;
}
