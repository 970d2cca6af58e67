import type { AccessLog, AccessLogType } from "../contracts/access-log.ts";
import type { ExtensionConfigProvider } from "../contracts/runtime.ts";
import type { Counter } from "../contracts/stats.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";

/** An access logger that comes by discovery: each entry goes to the version of its moment. */
export class DiscoveredAccessLog implements AccessLog {
  readonly #provider: ExtensionConfigProvider<AccessLog>;
  /** Entries that there was no logger for. */
  readonly #missing: Counter;

  constructor(provider: ExtensionConfigProvider<AccessLog>, missing: Counter) {
    this.#provider = provider;
    this.#missing = missing;
  }

  /** The generation is not held: nothing of it is used after the call. */
  log(streamInfo: StreamInfo, type: AccessLogType): void {
    const generation = this.#provider.current();
    if (generation === undefined) this.#missing.inc();
    else generation.instances.log(streamInfo, type);
  }

  dispose(): void {
    this.#provider.close();
  }
}
