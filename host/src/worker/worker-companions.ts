import { type AccessRecord, streamInfoOf } from "../access-log/access-record.ts";
import { messageNameOfTypeUrl } from "../common/type-url.ts";
import type { AccessLog } from "../contracts/access-log.ts";
import type { ExtensionRegistry, WorkerService } from "../contracts/extension.ts";
import type { WorkerContext } from "../contracts/runtime.ts";
import type { StatsSink, StatsSnapshot } from "../contracts/stats-sink.ts";
import type { Companions } from "../snapshot/messages.ts";

/** The worker that has what exists once in the process. */
const soleWorker = 0;

/** Services, stats sinks and the admin interface's loggers of one worker. */
export class WorkerCompanions {
  readonly #configs: Companions;
  readonly #context: WorkerContext;
  readonly #registry: ExtensionRegistry;
  readonly #services: WorkerService[] = [];
  readonly #sinks: StatsSink[] = [];
  readonly #adminLogs: AccessLog[] = [];
  started = false;

  constructor(configs: Companions, context: WorkerContext, registry: ExtensionRegistry) {
    this.#configs = configs;
    this.#context = context;
    this.#registry = registry;
  }

  /** Starts all of them, once. Throws, with a text for the operator, when one does not start; none runs then. */
  async start(): Promise<void> {
    if (this.started) return;
    this.started = true;
    try {
      await this.#startServices();
      if (this.#context.workerIndex === soleWorker) await this.#startSoleOnes();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  onStats(snapshot: StatsSnapshot): void {
    for (const sink of this.#sinks) sink.flush(snapshot);
  }

  onAdminAccess(record: AccessRecord): void {
    const info = streamInfoOf(record, this.#context.dispatcher.time);
    for (const log of this.#adminLogs) log.log(info, "DownstreamEnd");
  }

  close(): void {
    for (const service of this.#services.splice(0)) service.close();
    for (const sink of this.#sinks.splice(0)) sink.close?.();
  }

  async #startServices(): Promise<void> {
    for (const { typeUrl, config } of this.#configs.services) {
      const factory = this.#registry.bootstrapExtension(messageNameOfTypeUrl(typeUrl));
      if (factory === undefined) throw new Error(`no bootstrap extension for ${typeUrl}`);
      const service = await factory.createService(config, this.#context);
      if (service !== undefined) this.#services.push(service);
    }
  }

  async #startSoleOnes(): Promise<void> {
    for (const config of this.#configs.adminLogs) {
      this.#adminLogs.push(await this.#context.createAccessLog(config));
    }
    for (const { typeUrl, config } of this.#configs.statsSinks) {
      const factory = this.#registry.statsSink(messageNameOfTypeUrl(typeUrl));
      if (factory === undefined) throw new Error(`no stats sink for ${typeUrl}`);
      this.#sinks.push(await factory.createStatsSink(config, this.#context));
    }
  }
}
