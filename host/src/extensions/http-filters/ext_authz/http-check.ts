import type { RequestHeaderMap } from "../../../contracts/headers.ts";
import type { StreamDecoderFilterCallbacks } from "../../../contracts/http/filter.ts";
import type { AuthCall, AuthCallbacks } from "../../common/ext_authz/auth-response.ts";

/** What is asked about one request. */
export interface HttpCheck {
  readonly stream: StreamDecoderFilterCallbacks;
  readonly headers: RequestHeaderMap;
  readonly contextExtensions: ReadonlyMap<string, string>;
  /** Undefined: the service is told nothing of a body. */
  readonly body: CheckBody | undefined;
}

/** As much of the request's body as the service is told. */
export interface CheckBody {
  /** A copy: it may be changed. */
  readonly bytes: Buffer;
  readonly partial: boolean;
  readonly packAsBytes: boolean;
}

/** Asks the service, in one protocol or the other. */
export interface HttpAuthorization {
  /** The callback may be called before this returns; the result is undefined then. */
  check(check: HttpCheck, callbacks: AuthCallbacks): AuthCall | undefined;
}
