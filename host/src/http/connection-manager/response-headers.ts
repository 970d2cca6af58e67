import { HeaderId, idMask } from "../../common/headers/header-id.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../contracts/headers.ts";
import type { HcmConfig } from "./config.ts";
import type { DateProvider } from "./date-provider.ts";
import { appendVia } from "./request-headers.ts";

const hopByHop = idMask(
  HeaderId.Connection,
  HeaderId.KeepAlive,
  HeaderId.ProxyConnection,
  HeaderId.TransferEncoding,
  HeaderId.Upgrade,
);

/** Prepares response headers for the client. One object per connection manager configuration. */
export class ResponseHeaderMutator {
  readonly #config: HcmConfig;
  readonly #date: DateProvider;

  constructor(config: HcmConfig, date: DateProvider) {
    this.#config = config;
    this.#date = date;
  }

  /** `nowMs`: monotonic. The final response, in the order of Envoy: hop-by-hop headers go; `date`, `server`, request id, `via` come. */
  mutate(headers: ResponseHeaderMap, request: RequestHeaderMap | undefined, nowMs: number): void {
    const config = this.#config;
    if (!headers.hasId(HeaderId.Date)) {
      headers.addIdUnchecked(HeaderId.Date, this.#date.textAt(nowMs));
    }
    if (config.serverHeaderTransformation === "overwrite") {
      headers.setId(HeaderId.Server, config.serverName);
    } else if (
      config.serverHeaderTransformation === "append_if_absent" &&
      !headers.hasId(HeaderId.Server)
    ) {
      headers.addIdUnchecked(HeaderId.Server, config.serverName);
    }
    this.mutateInformational(headers);
    if (request !== undefined) this.#requestId(headers, request);
    if (config.via !== "") appendVia(headers, config.via);
  }

  /** A 1xx response: only what belongs to the upstream connection is removed. */
  mutateInformational(headers: ResponseHeaderMap): void {
    if (!headers.hasAny(hopByHop)) return;
    headers.removeId(HeaderId.Connection);
    headers.removeId(HeaderId.KeepAlive);
    headers.removeId(HeaderId.ProxyConnection);
    headers.removeId(HeaderId.TransferEncoding);
    headers.removeId(HeaderId.Upgrade);
  }

  #requestId(headers: ResponseHeaderMap, request: RequestHeaderMap): void {
    const wanted =
      this.#config.requestId.alwaysSetInResponse || request.hasId(HeaderId.XEnvoyForceTrace);
    const id = wanted ? request.getId(HeaderId.XRequestId) : undefined;
    if (id !== undefined) headers.setId(HeaderId.XRequestId, id);
  }
}

/** The status of a response whose `:status` is known to be three digits. */
export function statusOf(headers: ResponseHeaderMap): number {
  const text = headers.getId(HeaderId.Status);
  if (text === undefined) return 0;
  return (
    (text.charCodeAt(0) - 48) * 100 + (text.charCodeAt(1) - 48) * 10 + (text.charCodeAt(2) - 48)
  );
}
