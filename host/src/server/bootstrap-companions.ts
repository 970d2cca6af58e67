import type { ConfigContext } from "../config/context.ts";
import type { Bootstrap } from "../config/gen/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import type { Companions } from "../snapshot/messages.ts";
import { guestsName } from "./bootstrap-extensions.ts";

/** What runs beside the traffic: `bootstrap_extensions` but our settings for guests, and `stats_sinks`. */
export function parseCompanions(
  message: Bootstrap,
  context: ConfigContext,
): Omit<Companions, "adminLogs"> {
  const services = message.bootstrapExtensions.map(({ name, typedConfig }, index) => {
    const isSettings =
      typedConfig !== undefined && context.model.contentOf(typedConfig).messageName === guestsName;
    // The rules say that there must be a configuration.
    if (isSettings || typedConfig === undefined) return undefined;
    return context.extension(
      "bootstrap",
      name,
      typedConfig,
      message,
      `bootstrap_extensions[${index}]`,
    );
  });
  const sinks = message.statsSinks.map((sink) =>
    context.extension("stats_sink", sink.name, sink.configType.value, sink, "typed_config"),
  );
  return {
    services: services.filter((service) => service !== undefined),
    statsSinks: sinks.filter((sink) => sink !== undefined),
  };
}
