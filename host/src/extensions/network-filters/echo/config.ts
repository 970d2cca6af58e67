import type { NetworkFilterFactory } from "../../../contracts/extension.ts";
import { EchoFilter } from "./echo-filter.ts";

export const echoFilter: NetworkFilterFactory<null> = {
  name: "envoy.filters.network.echo",
  messageName: "envoy.extensions.filters.network.echo.v3.Echo",
  isTerminal: true,
  parseConfig: () => null,
  createFilterFactory: () => (connection) => connection.addReadFilter(new EchoFilter()),
};
