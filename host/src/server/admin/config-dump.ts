import { messageNameOfTypeUrl } from "../../common/type-url.ts";
import { type DescMessage, fromBinary, type Message } from "@bufbuild/protobuf";
import { fieldByName } from "../../config/message-access.ts";
import { jsonText, messageToJson } from "../../config/print-json.ts";
import { schema as loadSchema, type Schema, typeUrlOf } from "../../config/schema.ts";
import type { HttpConnectionManager } from "../../config/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import type { Listener } from "../../config/gen/envoy/config/listener/v3/listener_pb.ts";
import type { RouteConfiguration } from "../../config/gen/envoy/config/route/v3/route_pb.ts";
import type { DiscoveryCategory } from "../../contracts/config/snapshot.ts";
import type { Result } from "../../contracts/result.ts";
import type { JsonValue } from "../../contracts/stream-info.ts";
import type { AdminDeps, ConfigDumpSource, SecretEntry } from "./admin-deps.ts";
import { type AdminRequest, type AdminResponse, jsonResponse } from "./admin-request.ts";
import { applyMask } from "./field-mask.ts";
import { linearRegExp } from "../../common/linear-regexp.ts";
import { nodeJson } from "../node-json.ts";

type JsonObject = { [key: string]: JsonValue };

/** One message of the dump (`envoy.admin.v3.*ConfigDump`) as JSON. */
interface Dump {
  readonly desc: DescMessage;
  readonly json: JsonObject;
}

/** `/config_dump`: the configuration in force, as Envoy prints it. */
export function configDumpPage(request: AdminRequest, deps: AdminDeps): AdminResponse {
  const { params } = request;
  if (params.has("include_eds")) return refused(400, "include_eds is not supported");
  const nameRegex = linearRegExp(`^(?:${params.get("name_regex") ?? ".*"})$`);
  if (!nameRegex.ok) {
    const pattern = params.get("name_regex") ?? "";
    const text = `Error while parsing name_regex from ${pattern}: ${nameRegex.error}`;
    return refused(400, `INVALID_ARGUMENT: ${text}`);
  }
  const dumps = new DumpBuilder(loadSchema(), deps.configDump(), deps, nameRegex.value).build();
  const mask = (params.get("mask") ?? "").split(",").filter((path) => path !== "");
  const resource = params.get("resource") ?? "";
  const configs = resource === "" ? masked(dumps, mask) : resources(dumps, resource, mask);
  if (!configs.ok) return configs.error;
  const body: JsonObject = configs.value.length === 0 ? {} : { configs: configs.value };
  return jsonResponse(`${jsonText(body)}\n`);
}

function refused(status: number, body: string): AdminResponse {
  return { status, contentType: "text/plain", body };
}

type Configs = Result<JsonObject[], AdminResponse>;

function masked(dumps: readonly Dump[], mask: readonly string[]): Configs {
  if (mask.length === 0) return { ok: true, value: dumps.map((dump) => dump.json) };
  const configs = dumps
    .map(({ desc, json }) => applyMask(loadSchema(), desc, json, mask))
    .filter((json) => json !== undefined);
  if (configs.length > 0) return { ok: true, value: configs };
  const text = `FieldMask ${mask.join(",")} could not be successfully applied to any configs.`;
  return { ok: false, error: refused(400, text) };
}

/** The elements of one repeated field of one of the dumps. */
function resources(dumps: readonly Dump[], resource: string, mask: readonly string[]): Configs {
  for (const { desc, json } of dumps) {
    const field = fieldByName(desc, resource);
    if (field === undefined || field.name !== resource) continue;
    if (field.fieldKind !== "list" || field.message === undefined) {
      const text = `${resource} is not a repeated field. Use ?mask=${resource} to get only this field`;
      return { ok: false, error: refused(400, text) };
    }
    const type = { "@type": typeUrlOf(field.message.typeName) };
    const elements = ((json[resource] ?? []) as JsonObject[]).map((element) => ({
      ...type,
      ...element,
    }));
    if (mask.length === 0) return { ok: true, value: elements };
    const { message } = field;
    const kept = elements.map((element) => applyMask(loadSchema(), message, element, mask));
    if (kept.every((element) => element !== undefined)) return { ok: true, value: kept };
    const text = `FieldMask ${mask.join(",")} could not be successfully used.`;
    return { ok: false, error: refused(400, text) };
  }
  return { ok: false, error: refused(404, `${resource} not found in config dump`) };
}

/** Each kind has a dump of its own, in Envoy's order; Envoy has none of access loggers. */
const ecdsOrder: readonly DiscoveryCategory[] = [
  "http_filter",
  "network_filter",
  "tcp_listener_filter",
  "upstream_http_filter",
  "access_logger",
];

class DumpBuilder {
  readonly #schema: Schema;
  readonly #source: ConfigDumpSource;
  readonly #deps: AdminDeps;
  readonly #nameRegex: RegExp;
  readonly #loaded: string;

  constructor(schema: Schema, source: ConfigDumpSource, deps: AdminDeps, nameRegex: RegExp) {
    this.#schema = schema;
    this.#source = source;
    this.#deps = deps;
    this.#nameRegex = nameRegex;
    this.#loaded = new Date(source.loadedMs).toISOString();
  }

  build(): Dump[] {
    const { clusters, listeners, ecdsCategories } = this.#source;
    const routes = listeners.flatMap((listener) => routeConfigs(this.#schema, listener));
    return [
      this.#dump("BootstrapConfigDump", {
        bootstrap: this.#bootstrap(),
        last_updated: this.#loaded,
      }),
      this.#dump("ClustersConfigDump", this.#list("static_clusters", "cluster", clusters)),
      ...ecdsOrder
        .filter((category) => ecdsCategories.has(category))
        .map((category) => this.#dump("EcdsConfigDump", this.#ecds(category))),
      this.#dump("ListenersConfigDump", this.#list("static_listeners", "listener", listeners)),
      this.#dump("ScopedRoutesConfigDump", {}),
      this.#dump("RoutesConfigDump", {
        ...this.#list("static_route_configs", "route_config", routes),
        ...this.#discoveredRoutes(),
      }),
      this.#dump("SecretsConfigDump", this.#secrets()),
    ];
  }

  #dump(name: string, fields: JsonObject): Dump {
    const desc = this.#schema.message(`envoy.admin.v3.${name}`);
    return { desc, json: { "@type": typeUrlOf(desc.typeName), ...fields } };
  }

  #bootstrap(): JsonObject {
    const { bootstrap } = this.#source;
    const { node: _configured, ...rest } = messageToJson(this.#schema, bootstrap);
    const { localInfo } = this.#source;
    const { version } = this.#deps;
    const extensions = this.#deps.extensions();
    const node = nodeJson(this.#schema, {
      configured: bootstrap.node,
      localInfo,
      version,
      extensions,
    });
    return { node, ...rest };
  }

  #list(
    field: string,
    inner: string,
    messages: readonly (Message & { readonly name: string })[],
  ): JsonObject {
    const named = messages.filter((message) => this.#nameRegex.test(message.name));
    if (named.length === 0) return {};
    return {
      [field]: named.map((message) => ({
        [inner]: this.#any(message),
        last_updated: this.#loaded,
      })),
    };
  }

  #ecds(wanted: DiscoveryCategory): JsonObject {
    const named = this.#source.ecds.filter(
      ({ category, resource }) => category === wanted && this.#nameRegex.test(resource.name),
    );
    if (named.length === 0) return {};
    return {
      ecds_filters: named.map(({ version, resource, lastUpdatedMs }) => ({
        ...(version === "" ? {} : { version_info: version }),
        ecds_filter: this.#any(resource),
        last_updated: new Date(lastUpdatedMs).toISOString(),
      })),
    };
  }

  #discoveredRoutes(): JsonObject {
    const { routes } = this.#source;
    const named = routes.filter(({ message }) => this.#nameRegex.test(message.name));
    if (named.length === 0) return {};
    return {
      dynamic_route_configs: named.map(({ version, message, lastUpdatedMs }) => ({
        ...(version === "" ? {} : { version_info: version }),
        route_config: this.#any(message),
        last_updated: new Date(lastUpdatedMs).toISOString(),
      })),
    };
  }

  #secrets(): JsonObject {
    const { bootstrap, secrets } = this.#source;
    const statics = (bootstrap.staticResources?.secrets ?? [])
      .filter(({ name }) => this.#nameRegex.test(name))
      .map((message) => ({ name: message.name, secret: this.#any(message) }));
    const named = secrets.filter(({ name }) => this.#nameRegex.test(name));
    const entries = (list: readonly SecretEntry[]): JsonObject[] =>
      list.map((it) => this.#secret(it));
    const active = named.filter(({ arrived }) => arrived !== undefined);
    const warming = named.filter(({ arrived }) => arrived === undefined);
    return {
      ...(statics.length === 0 ? {} : { static_secrets: statics }),
      ...(active.length === 0 ? {} : { dynamic_active_secrets: entries(active) }),
      ...(warming.length === 0 ? {} : { dynamic_warming_secrets: entries(warming) }),
    };
  }

  #secret({ name, arrived, lastUpdatedMs }: SecretEntry): JsonObject {
    const type = "envoy.extensions.transport_sockets.tls.v3.Secret";
    return {
      name,
      version_info: arrived?.version ?? "uninitialized",
      last_updated: new Date(lastUpdatedMs).toISOString(),
      secret: arrived ? this.#any(arrived.message) : { "@type": typeUrlOf(type), name },
    };
  }

  #any(message: Message): JsonObject {
    return { "@type": typeUrlOf(message.$typeName), ...messageToJson(this.#schema, message) };
  }
}

const hcmName = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/** The route tables that are written into the listener's HTTP connection managers. */
function routeConfigs(schema: Schema, listener: Listener): RouteConfiguration[] {
  const chains = [...listener.filterChains, listener.defaultFilterChain];
  return chains.flatMap((chain) =>
    (chain?.filters ?? []).flatMap((filter) => {
      const config = filter.configType.case === "typedConfig" ? filter.configType.value : undefined;
      if (config === undefined || messageNameOfTypeUrl(config.typeUrl) !== hcmName) return [];
      const hcm = fromBinary(
        schema.message(hcmName),
        config.value,
      ) as unknown as HttpConnectionManager;
      return hcm.routeSpecifier.case === "routeConfig" ? [hcm.routeSpecifier.value] : [];
    }),
  );
}
