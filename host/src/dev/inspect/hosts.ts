import {
  type AbiVersion,
  abiVersionOf,
  exportedCallbacks,
  exportProblems,
  importProblems,
  type ModuleInfo,
} from "@sluice/abi";
import { type Place, placesOf } from "./places.ts";

/** Whether a host can run a module. `partly`: it loads, and some of it never happens. */
export interface HostVerdict {
  readonly host: string;
  readonly runs: "yes" | "partly" | "no";
  /** Why not, or what does not happen. */
  readonly reasons: readonly string[];
}

/** What a host lacks, as far as its documentation and sources tell. */
interface HostProfile {
  readonly host: string;
  readonly versions: readonly AbiVersion[];
  readonly places: readonly Place[];
  /** Beginnings of the names of host calls that fail or do nothing. */
  readonly missingCalls: readonly string[];
  /** Beginnings of the names of callbacks that are never called. */
  readonly missingCallbacks: readonly string[];
  /** Largest module; undefined: not known, or as large as memory allows. */
  readonly moduleBytes?: number;
}

const allVersions: readonly AbiVersion[] = ["0.1.0", "0.2.0", "0.2.1"];
const envoyPlaces: readonly Place[] = [
  "HTTP filter",
  "network filter",
  "access logger",
  "stats sink",
  "service",
];
const grpc = ["proxy_grpc_"];
const grpcCallbacks = ["proxy_on_grpc_"];

const profiles: readonly HostProfile[] = [
  {
    host: "Envoy 1.40",
    versions: allVersions,
    places: envoyPlaces,
    missingCalls: [],
    missingCallbacks: [],
  },
  {
    host: "Istio WasmPlugin, Higress (Envoy)",
    versions: allVersions,
    places: ["HTTP filter", "network filter"],
    missingCalls: [],
    missingCallbacks: [],
  },
  {
    host: "ngx_wasm_module",
    versions: allVersions,
    places: ["HTTP filter"],
    missingCalls: [
      ...grpc,
      "proxy_done",
      "proxy_get_log_level",
      "proxy_close_stream",
      "proxy_resolve_shared_queue",
    ],
    missingCallbacks: [
      ...grpcCallbacks,
      "proxy_on_request_trailers",
      "proxy_on_response_trailers",
      "proxy_on_queue_ready",
    ],
  },
  {
    host: "MOSN",
    versions: ["0.1.0", "0.2.0"],
    places: ["HTTP filter"],
    missingCalls: grpc,
    missingCallbacks: grpcCallbacks,
  },
  {
    host: "Google Cloud Service Extensions",
    versions: allVersions,
    places: ["HTTP filter"],
    missingCalls: [
      ...grpc,
      "proxy_http_call",
      "proxy_get_shared_data",
      "proxy_set_shared_data",
      "proxy_register_shared_queue",
      "proxy_resolve_shared_queue",
      "proxy_enqueue_shared_queue",
      "proxy_dequeue_shared_queue",
      "proxy_set_tick_period",
      "proxy_call_foreign_function",
    ],
    missingCallbacks: [
      ...grpcCallbacks,
      "proxy_on_http_call_response",
      "proxy_on_tick",
      "proxy_on_queue_ready",
      "proxy_on_foreign_function",
    ],
    moduleBytes: 2 * 1_048_576,
  },
];

/** Which hosts can run the module. `sluice`: why this one cannot, from really loading it; undefined: it can. */
export function hostVerdicts(
  info: ModuleInfo,
  moduleBytes: number,
  sluice: { readonly name: string; readonly error: string | undefined },
): HostVerdict[] {
  const own: HostVerdict = { host: sluice.name, ...verdict(sluice.error?.split("; ") ?? [], []) };
  return [own, ...profiles.map((profile) => verdictOf(profile, info, moduleBytes))];
}

function verdictOf(profile: HostProfile, info: ModuleInfo, moduleBytes: number): HostVerdict {
  const refusals = [...versionProblems(profile, info), ...linkProblems(info)];
  const places = placesOf(info);
  const served = places.filter((place) => profile.places.includes(place));
  if (places.length > 0 && served.length === 0) {
    refusals.push(`has no place for a ${places.join(" or ")}`);
  }
  if (moduleBytes > (profile.moduleBytes ?? Infinity)) {
    refusals.push(`takes modules of ${profile.moduleBytes} bytes at most`);
  }
  return { host: profile.host, ...verdict(refusals, losses(profile, info)) };
}

function verdict(
  refusals: readonly string[],
  lost: readonly string[],
): Pick<HostVerdict, "runs" | "reasons"> {
  if (refusals.length > 0) return { runs: "no", reasons: refusals };
  return lost.length > 0 ? { runs: "partly", reasons: lost } : { runs: "yes", reasons: [] };
}

function versionProblems(profile: HostProfile, info: ModuleInfo): string[] {
  const version = abiVersionOf(info);
  if (version === undefined) return ["the module declares no version of the ABI"];
  if (profile.versions.includes(version)) return exportProblems(info, version);
  return [`knows ABI ${profile.versions.join(", ")}, the module is ${version}`];
}

/** The C++ host, which all of them are or follow, offers less than Sluice in these places. */
function linkProblems(info: ModuleInfo): string[] {
  const problems = importProblems(info, abiVersionOf(info));
  for (const { kind, module, name } of info.imports) {
    if (kind !== "function") continue;
    const own = module === "env" && (name.startsWith("sluice_") || name === "abort");
    if (own) problems.push(`missing import: ${module}.${name}`);
    // Registered with one parameter too few.
    if (name === "path_link" || name === "path_symlink") {
      problems.push(`import type mismatch for function: ${module}.${name}`);
    }
  }
  return problems;
}

function losses(profile: HostProfile, info: ModuleInfo): string[] {
  const lost: string[] = [];
  const imported = info.imports.filter(({ kind }) => kind === "function").map(({ name }) => name);
  const calls = imported.filter((name) => startsWithOne(name, profile.missingCalls));
  if (calls.length > 0) lost.push(`host calls that it does not have: ${calls.join(", ")}`);
  const never = exportedCallbacks(info).filter(
    (name) =>
      startsWithOne(name, profile.missingCallbacks) ||
      // Sluice's own; nobody else knows them.
      name.startsWith("sluice_"),
  );
  if (never.length > 0) lost.push(`callbacks that it never calls: ${never.join(", ")}`);
  return lost;
}

function startsWithOne(name: string, beginnings: readonly string[]): boolean {
  return beginnings.some((beginning) => name.startsWith(beginning));
}
