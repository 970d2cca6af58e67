import { proxy_send_local_response } from "../env";
import { EncodedText } from "../memory/text";
import { Status } from "../status";
import { Header } from "./headers";

/** An answer that the filter gives itself. Only the status is needed. */
export class LocalResponse {
  /** Text; `bodyBytes` counts instead when it is set. */
  body: string = "";
  bodyBytes: ArrayBuffer | null = null;
  headers: Header[] = [];
  /** For the access log (`%RESPONSE_CODE_DETAILS%`). */
  details: string = "";
  /** For gRPC requests; -1: made from the status. */
  grpcStatus: i32 = -1;

  constructor(
    /** 200 to 599. */
    public status: u32,
  ) {}

  /** Adds a header; returns this object. */
  header(name: string, value: string): LocalResponse {
    this.headers.push(new Header(name, value));
    return this;
  }

  /** Answers when the running callback has returned, whatever that returns. The first answer counts. */
  send(): Status {
    const details = new EncodedText();
    const body = new EncodedText();
    EncodedText.of(this.details, details);
    EncodedText.of(this.body, body);
    const bytes = this.bodyBytes;
    const pairs = encodePairs(this.headers);
    const status: Status = proxy_send_local_response(
      this.status,
      details.pointer,
      details.size,
      bytes === null ? body.pointer : changetype<usize>(bytes),
      bytes === null ? body.size : bytes.byteLength,
      changetype<usize>(pairs),
      pairs.byteLength,
      this.grpcStatus,
    );
    EncodedText.done(details);
    EncodedText.done(body);
    return status;
  }
}

/** The ABI's form of a list of pairs: count, lengths, then names and values, each ended by a zero byte. */
function encodePairs(headers: Header[]): ArrayBuffer {
  const count = headers.length;
  let size: usize = 4 + <usize>count * 8;
  for (let i = 0; i < count; i++) {
    const header = headers[i];
    size += String.UTF8.byteLength(header.name) + String.UTF8.byteLength(header.value) + 2;
  }
  const pairs = new ArrayBuffer(<i32>size);
  const start = changetype<usize>(pairs);
  store<u32>(start, count);
  let at = start + 4 + <usize>count * 8;
  for (let i = 0; i < count; i++) {
    const lengths = start + 4 + <usize>i * 8;
    const header = headers[i];
    store<u32>(lengths, writeText(header.name, at));
    at += load<u32>(lengths) + 1;
    store<u32>(lengths + 4, writeText(header.value, at));
    at += load<u32>(lengths + 4) + 1;
  }
  return pairs;
}

function writeText(text: string, at: usize): u32 {
  return <u32>String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, at);
}
