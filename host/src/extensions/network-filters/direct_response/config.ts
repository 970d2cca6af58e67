import type { Config } from "../../../config/gen/envoy/extensions/filters/network/direct_response/v3/config_pb.js";
import type { NetworkFilterFactory, ParseContext } from "../../../contracts/extension.ts";
import { DirectResponseFilter } from "./direct-response-filter.ts";

export interface DirectResponseConfig {
  readonly response: Uint8Array;
}

export const directResponseFilter: NetworkFilterFactory<DirectResponseConfig> = {
  name: "envoy.filters.network.direct_response",
  messageName: "envoy.extensions.filters.network.direct_response.v3.Config",
  isTerminal: true,
  parseConfig: (message: Config, context: ParseContext) => ({
    response:
      (message.response && context.dataSource(message.response, message, "response")) ??
      new Uint8Array(),
  }),
  createFilterFactory: ({ response }) => {
    const bytes = Buffer.from(response.buffer, response.byteOffset, response.byteLength);
    return (connection) => connection.addReadFilter(new DirectResponseFilter(bytes));
  },
};
