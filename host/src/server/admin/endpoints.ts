import type { AdminDeps } from "./admin-deps.ts";
import { type AdminRequest, type AdminResponse, textResponse } from "./admin-request.ts";
import { certsPage } from "./certs.ts";
import { clustersPage } from "./clusters.ts";
import { configDumpPage } from "./config-dump.ts";
import { indexPage } from "./index-page.ts";
import { listenersPage } from "./listeners.ts";
import { luaPage } from "./lua.ts";
import { loggingPage } from "./logging.ts";
import { readyPage, serverInfoPage } from "./server-info.ts";
import { statsPage } from "./stats/stats-page.ts";
import { recordPage } from "./record.ts";
import { tracePage } from "./trace.ts";
import { wasmPage } from "./wasm.ts";

/** A parameter of an endpoint, for `/help` and the index page. */
export interface ParamHelp {
  readonly id: string;
  readonly help: string;
  /** The values that it takes; absent: any text. */
  readonly oneOf?: readonly string[];
}

/** One path of the admin interface. */
export interface Endpoint {
  readonly path: string;
  readonly help: string;
  /** Changes something: POST only. */
  readonly mutates: boolean;
  readonly params: readonly ParamHelp[];
  handle(request: AdminRequest, deps: AdminDeps): AdminResponse | Promise<AdminResponse>;
}

const usedOnly = {
  id: "usedonly",
  help: "Only include stats that have been written by system since restart",
};
const statsFilters: readonly ParamHelp[] = [
  { id: "filter", help: "Regular expression (Google re2) for filtering stats" },
  { id: "invert_filter", help: "Invert the filter regex" },
];
const format: ParamHelp = {
  id: "format",
  help: "File format to use",
  oneOf: ["text", "json"],
};

/** In the order of their paths. */
export const endpoints: readonly Endpoint[] = [
  {
    path: "/",
    help: "Admin home page",
    mutates: false,
    params: [],
    handle: () => indexPage(endpoints),
  },
  {
    path: "/certs",
    help: "print certs on machine",
    mutates: false,
    params: [],
    handle: certsPage,
  },
  {
    path: "/clusters",
    help: "upstream cluster status",
    mutates: false,
    params: [
      { id: "filter", help: "Regular expression (Google re2) for filtering clusters by name" },
      format,
    ],
    handle: clustersPage,
  },
  {
    path: "/config_dump",
    help: "dump current configs",
    mutates: false,
    params: [
      { id: "resource", help: "The resource to dump" },
      {
        id: "mask",
        help: "The mask to apply. When both resource and mask are specified, the mask is applied to every element in the desired repeated field",
      },
      {
        id: "name_regex",
        help: "Dump only the currently loaded configurations whose names match the specified regex. Can be used with both resource and mask query parameters.",
      },
    ],
    handle: configDumpPage,
  },
  {
    path: "/help",
    help: "print out list of admin commands",
    mutates: false,
    params: [],
    handle: () => textResponse(200, helpText()),
  },
  {
    path: "/listeners",
    help: "print listener info",
    mutates: false,
    params: [format],
    handle: listenersPage,
  },
  {
    path: "/logging",
    help: "query/change logging levels",
    mutates: true,
    params: [
      {
        id: "paths",
        help: "Change multiple logging levels by setting to <logger_name1>:<desired_level1>,<logger_name2>:<desired_level2>.",
      },
      {
        id: "level",
        help: "desired logging level, this will change all loggers's level",
        oneOf: ["", "trace", "debug", "info", "warning", "error", "critical", "off"],
      },
    ],
    handle: loggingPage,
  },
  {
    path: "/lua",
    help: "print the state of Lua scripts and their last errors",
    mutates: false,
    params: [format],
    handle: luaPage,
  },
  {
    path: "/quitquitquit",
    help: "exit the server",
    mutates: true,
    params: [],
    handle: (_request, deps) => ({ ...textResponse(200, "OK\n"), afterwards: () => deps.quit() }),
  },
  {
    path: "/ready",
    help: "print server state, return 200 if LIVE, otherwise return 503",
    mutates: false,
    params: [],
    handle: readyPage,
  },
  {
    path: "/reopen_logs",
    help: "reopen access logs",
    mutates: true,
    params: [],
    handle: (_request, deps) => {
      deps.reopenLogs();
      return textResponse(200, "OK\n");
    },
  },
  {
    path: "/server_info",
    help: "print server version/status information",
    mutates: false,
    params: [],
    handle: serverInfoPage,
  },
  {
    path: "/stats",
    help: "print server stats",
    mutates: false,
    params: [
      usedOnly,
      ...statsFilters,
      { id: "format", help: "Format to use", oneOf: ["text", "json", "prometheus"] },
      {
        id: "type",
        help: "Stat types to include.",
        oneOf: ["All", "Counters", "Histograms", "Gauges", "TextReadouts"],
      },
      {
        id: "histogram_buckets",
        help: "Histogram bucket display mode",
        oneOf: ["cumulative", "disjoint", "detailed", "summary"],
      },
    ],
    handle: (request, deps) => statsPage(request, deps, "text"),
  },
  {
    path: "/stats/prometheus",
    help: "print server stats in prometheus format",
    mutates: false,
    params: [
      usedOnly,
      ...statsFilters,
      {
        id: "histogram_buckets",
        help: "Histogram bucket display mode",
        oneOf: ["cumulative", "summary"],
      },
    ],
    handle: (request, deps) => statsPage(request, deps, "prometheus"),
  },
  {
    path: "/record",
    help: "record streams of a Wasm plugin, for sluice replay",
    mutates: true,
    params: [
      { id: "guest", help: "Name of the Wasm plugin" },
      { id: "streams", help: "Streams to record; default 1" },
      { id: "on_trap", help: "1: only streams in which the VM is lost", oneOf: ["0", "1"] },
      { id: "one_in", help: "Of so many streams one is recorded; default 1" },
      { id: "duration_s", help: "Seconds until it ends in any case; default 60" },
      { id: "max_bytes", help: "Size of one recording; default 1048576" },
      {
        id: "redact",
        help: "Headers whose values are left out; default authorization,cookie,set-cookie",
      },
    ],
    handle: recordPage,
  },
  {
    path: "/trace",
    help: "print the calls of a Wasm plugin or Lua filter as they are made",
    mutates: true,
    params: [
      { id: "guest", help: "Name of the Wasm plugin or Lua filter" },
      { id: "streams", help: "Streams to follow; default 10" },
      { id: "duration_s", help: "Seconds until it ends in any case; default 60" },
      { id: "max_bytes", help: "Bytes of text until it ends in any case; default 1048576" },
      { id: "text_bytes", help: "Bytes of each text or body that are shown; default 64" },
      {
        id: "redact",
        help: "Headers whose values are not shown; default authorization,cookie,set-cookie",
      },
      {
        id: "changes",
        help: "1: show what of HTTP messages is different behind the guest",
        oneOf: ["0", "1"],
      },
      format,
    ],
    handle: tracePage,
  },
  {
    path: "/wasm",
    help: "print the state of Wasm plugins and their last failures",
    mutates: false,
    params: [format],
    handle: wasmPage,
  },
];

const byPath = new Map(endpoints.map((endpoint) => [endpoint.path, endpoint]));

export function endpointOf(path: string): Endpoint | undefined {
  return byPath.get(path);
}

/** The list of endpoints, as `/help` prints it. */
export function helpText(): string {
  let text = "admin commands are:\n";
  for (const { path, help, mutates, params } of endpoints) {
    text += `  ${path}${mutates ? " (POST)" : ""}: ${help}\n`;
    for (const param of params) {
      const choices = param.oneOf ? `; One of (${param.oneOf.join(", ")})` : "";
      text += `      ${param.id}: ${param.help}${choices}\n`;
    }
  }
  return text;
}
