import { BUFFER_HTTP_CALL_RESPONSE_BODY } from "../../../abi/src/numbers/buffer-type";
import {
  MAP_HTTP_CALL_RESPONSE_HEADERS,
  MAP_HTTP_CALL_RESPONSE_TRAILERS,
} from "../../../abi/src/numbers/map-type";
import { proxy_http_call, proxy_set_effective_context } from "../env";
import { Context } from "../filter/context";
import { Body } from "../hostcall/body";
import { Header } from "../hostcall/header";
import { HeaderMap } from "../hostcall/headers";
import { outWord } from "../memory/allocator";
import { encodePairs } from "../memory/pairs";
import { encodeFirst, firstPointer, firstSize, releaseTexts } from "../memory/text";
import { bytesOf } from "../memory/utf8";
import { Status } from "../status";
import { CalloutError, Callouts, lastCalloutError } from "./callouts";

/** The answer to an HTTP call. It can be read in the callback that is given it. */
export class HttpResponse {
  readonly headers: HeaderMap = new HeaderMap(MAP_HTTP_CALL_RESPONSE_HEADERS);
  readonly body: Body = new Body(BUFFER_HTTP_CALL_RESPONSE_BODY);
  readonly trailers: HeaderMap = new HeaderMap(MAP_HTTP_CALL_RESPONSE_TRAILERS);

  /** 200 to 599; 503 and 504 also when the host could not be reached or did not answer in time. */
  status(): u32 {
    const status = this.headers.get(":status");
    return status === null ? 0 : <u32>I32.parseInt(status);
  }
}

/** What happens when a call is answered. Give it what it needs, e.g. the filter that waits. */
export class HttpCallHandler {
  onResponse(_response: HttpResponse): void {}

  /** The answer broke off. */
  onFailure(_error: CalloutError): void {}
}

/** A request to a cluster of the proxy's configuration. */
export class HttpCall {
  headers: Header[] = [];
  trailers: Header[] = [];
  body: ArrayBuffer = new ArrayBuffer(0);
  /** 0: none. */
  timeoutMs: u32 = 0;

  constructor(
    readonly cluster: string,
    method: string,
    path: string,
    /** Default: the cluster's name. */
    authority: string = "",
  ) {
    this.header(":method", method);
    this.header(":path", path);
    this.header(":authority", authority.length == 0 ? cluster : authority);
  }

  /** Adds a header; returns this object. */
  header(name: string, value: string): HttpCall {
    this.headers.push(new Header(name, value));
    return this;
  }

  /** Sets the body; returns this object. */
  text(body: string): HttpCall {
    this.body = bytesOf(body);
    return this;
  }

  /** Sets how long the answer may take; returns this object. */
  timeout(milliseconds: u32): HttpCall {
    this.timeoutMs = milliseconds;
    return this;
  }

  /**
   * Sends it. Anything but `Ok` is final: `BadArgument` when there is no such cluster, `InternalFailure` when it could
   * not be sent. After `Ok` exactly one method of the handler is called, with `context` as the one that host calls are
   * about; none when `context` has ended before.
   */
  send(context: Context, handler: HttpCallHandler): Status {
    const headers = encodePairs(this.headers);
    const trailers = encodePairs(this.trailers);
    encodeFirst(changetype<usize>(this.cluster));
    const status: Status = proxy_http_call(
      firstPointer,
      firstSize,
      changetype<usize>(headers),
      headers.byteLength,
      changetype<usize>(this.body),
      this.body.byteLength,
      changetype<usize>(trailers),
      trailers.byteLength,
      this.timeoutMs,
      outWord,
    );
    releaseTexts();
    if (status == Status.Ok) pendingCalls().add(load<u32>(outWord), context, handler);
    return status;
  }
}

let calls: Callouts<HttpCallHandler> | null = null;

function pendingCalls(): Callouts<HttpCallHandler> {
  let known = calls;
  if (known === null) {
    known = new Callouts<HttpCallHandler>();
    calls = known;
  }
  return known;
}

/** A call that `root` hears of is over; without headers it has failed. */
export function finishHttpCall(root: u32, token: u32, headerCount: u32): void {
  const calls = pendingCalls();
  const call = calls.enter(token);
  if (call === null) return;
  calls.remove(token);
  if (headerCount == 0) call.handler.onFailure(lastCalloutError());
  else call.handler.onResponse(new HttpResponse());
  proxy_set_effective_context(root);
}
