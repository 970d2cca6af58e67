import { proxy_send_local_response } from "../env";
import { encodePairs } from "../memory/pairs";
import {
  encodeFirst,
  encodeSecond,
  firstPointer,
  firstSize,
  releaseTexts,
  secondPointer,
  secondSize,
} from "../memory/text";
import { Status } from "../status";
import { Header } from "./header";

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
    encodeFirst(changetype<usize>(this.details));
    encodeSecond(changetype<usize>(this.body));
    const bytes = this.bodyBytes;
    const pairs = encodePairs(this.headers);
    const status: Status = proxy_send_local_response(
      this.status,
      firstPointer,
      firstSize,
      bytes === null ? secondPointer : changetype<usize>(bytes),
      bytes === null ? secondSize : bytes.byteLength,
      changetype<usize>(pairs),
      pairs.byteLength,
      this.grpcStatus,
    );
    releaseTexts();
    return status;
  }
}
