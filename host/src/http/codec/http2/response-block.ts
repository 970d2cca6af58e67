import { HeaderId } from "../../../common/headers/header-id.ts";
import { Http2Details, messageError, type Http2Error } from "./errors.ts";
import { FieldBlock } from "./field-block.ts";

const badStatus = messageError(
  Http2Details.MessagingViolation,
  ":status is missing or not three digits",
);

/** The head of a response (RFC 9113 section 8.3.2), or its trailers. */
export class ResponseBlock extends FieldBlock {
  status = 0;

  protected override isPseudo(id: number): boolean {
    return id === HeaderId.Status;
  }

  /** To be called when the block of a head is complete: what is wrong with it. */
  finish(): Http2Error | undefined {
    if (this.error !== undefined) return this.error;
    if (this.host !== undefined) this.headers.add("host", this.host);
    this.status = parseStatus(this.headers.getId(HeaderId.Status));
    // 101 has no meaning here (RFC 9113 section 8.6).
    return this.status < 100 || this.status === 101 ? badStatus : undefined;
  }
}

function parseStatus(text: string | undefined): number {
  if (text === undefined || text.length !== 3) return 0;
  let status = 0;
  for (let i = 0; i < 3; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return 0;
    status = status * 10 + digit;
  }
  return status;
}
