import type { HttpFilterFactory } from "../../../contracts/extension.ts";

/**
 * `envoy.filters.http.upstream_codec`: the last filter of every chain of upstream requests. What it does is in
 * `host/src/http/upstream-request/`, which adds it to each chain.
 */
export const upstreamCodecFilter: HttpFilterFactory<undefined> = {
  name: "envoy.filters.http.upstream_codec",
  messageName: "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec",
  isTerminal: true,
  parseConfig: () => undefined,
  createFilterFactory(_config, { filterName }) {
    throw new Error(`${filterName} of type ${this.name} belongs to chains of upstream requests`);
  },
};
