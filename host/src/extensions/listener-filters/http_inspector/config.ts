import type { ListenerFilterFactory } from "../../../contracts/extension.ts";
import { HttpInspector, httpInspectorStats } from "./http-inspector.ts";

export const httpInspectorFilter: ListenerFilterFactory<null> = {
  name: "envoy.filters.listener.http_inspector",
  messageName: "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector",
  parseConfig: () => null,
  createFilterFactory: (_config, context) => {
    const stats = httpInspectorStats(context.stats);
    return (add) => add(new HttpInspector(stats));
  },
};
