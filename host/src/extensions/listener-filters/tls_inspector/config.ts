import type { TlsInspector as TlsInspectorMessage } from "../../../config/gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js";
import type { ListenerFilterFactory } from "../../../contracts/extension.ts";

/** With so much and no complete hello the socket is closed. */
export const readBytesMax = 65_536;

export interface TlsInspectorConfig {
  readonly initialReadBytes: number;
}

export const tlsInspectorFilter: ListenerFilterFactory<TlsInspectorConfig> = {
  name: "envoy.filters.listener.tls_inspector",
  messageName: "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
  parseConfig: (message: TlsInspectorMessage, context) => {
    if (message.enableJa3Fingerprinting === true) {
      context.problem(
        message,
        "enable_ja3_fingerprinting",
        "JA3 fingerprints are not supported; remove enable_ja3_fingerprinting",
      );
    }
    return { initialReadBytes: message.initialReadBufferSize ?? readBytesMax };
  },
  async createFilterFactory({ initialReadBytes }, context) {
    const { TlsInspector, tlsInspectorStats } = await import("./tls-inspector.ts");
    const stats = tlsInspectorStats(context.stats);
    return (add) => add(new TlsInspector(stats, initialReadBytes));
  },
};
