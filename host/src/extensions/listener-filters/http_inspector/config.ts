import type { ListenerFilterFactory } from "../../../contracts/extension.ts";

export const httpInspectorFilter: ListenerFilterFactory<null> = {
  name: "envoy.filters.listener.http_inspector",
  messageName: "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector",
  parseConfig: () => null,
  async createFilterFactory(_config, context) {
    const { HttpInspector, httpInspectorStats } = await import("./http-inspector.ts");
    const stats = httpInspectorStats(context.stats);
    return (add) => add(new HttpInspector(stats));
  },
};
