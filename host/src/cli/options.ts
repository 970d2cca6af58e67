import type { LogLevel } from "../contracts/log.ts";

/** What the command line asks for. */
export interface ServerOptions {
  /** `--config-path`; undefined when all comes by `--config-yaml`. */
  readonly configPath: string | undefined;
  /** `--config-yaml`: merged over the file. */
  readonly configYaml: string | undefined;
  readonly mode: "serve" | "validate";
  /** Number of workers, 1 … `maxWorkers`. */
  readonly concurrency: number;
  readonly logLevel: LogLevel;
  /** Levels of single components, in the order given. */
  readonly componentLogLevels: readonly ComponentLogLevel[];
  /** Where log lines go; undefined: stderr. */
  readonly logPath: string | undefined;
  /** Stands in for `node.id`. */
  readonly serviceNode: string | undefined;
  /** Stands in for `node.cluster`. */
  readonly serviceCluster: string | undefined;
  /** A file that gets the admin's `ip:port` once it is bound. */
  readonly adminAddressPath: string | undefined;
  /** What requests in flight get at a shutdown. */
  readonly shutdownGraceMs: number;
}

export interface ComponentLogLevel {
  readonly component: string;
  readonly level: LogLevel;
}

/** Workers that shared memory has room for. */
export const maxWorkers = 256;
