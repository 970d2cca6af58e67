import {
  ConfigObject,
  Configuration,
  Counter,
  HeaderMap,
  HeadersStatus,
  HttpFilter,
  Log,
  Plugin,
  Property,
  registerPlugin,
  Service,
  SharedQueue,
  Status,
} from "@sluice/sdk-assemblyscript/assembly";

class Settings extends ConfigObject {
  queue: string = "records";
}

/** Runs once in the proxy, as a service: takes the records of all workers out of the queue. */
class Recorder extends Service {
  readonly settings: Settings = new Settings();
  private readonly records: Counter = new Counter("shared_queue.records");
  private queue: SharedQueue = new SharedQueue();

  override onConfigure(configuration: Configuration): bool {
    if (!configuration.into(this.settings)) return false;
    this.queue = SharedQueue.register(this.settings.queue);
    return this.queue.status == Status.Ok;
  }

  override onQueueReady(_queue: u32): void {
    // One call may stand for several records, and a record may be gone already.
    for (let record = this.queue.dequeueText(); record !== null;) {
      this.records.increment();
      Log.info(record);
      record = this.queue.dequeueText();
    }
  }
}

/** Runs on every worker, as an HTTP filter: puts a record of each request into the queue. */
class Sender extends Plugin {
  readonly settings: Settings = new Settings();
  private readonly lost: Counter = new Counter("shared_queue.lost");
  private queue: SharedQueue | null = null;

  override onConfigure(configuration: Configuration): bool {
    return configuration.into(this.settings);
  }

  override createHttpFilter(): HttpFilter {
    return new RecordFilter(this);
  }

  send(record: string): void {
    let queue = this.queue;
    // The service may have registered the queue after this worker was configured.
    if (queue === null) {
      queue = SharedQueue.resolve("", this.settings.queue);
      if (queue.status == Status.Ok) this.queue = queue;
    }
    if (queue.status != Status.Ok || queue.enqueueText(record) != Status.Ok) this.lost.increment();
  }
}

class RecordFilter extends HttpFilter {
  constructor(private readonly sender: Sender) {
    super();
  }

  override onRequestHeaders(headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    const user = headers.get("x-user");
    const who = user === null ? "somebody" : user;
    this.sender.send(`${who}: ${headers.get(":method")!} ${headers.get(":path")!}`);
    return HeadersStatus.Continue;
  }
}

// One module, two plugins: `root_id` in the configuration says which.
registerPlugin((): Plugin => {
  const root = new Property(["plugin_root_id"]).text();
  if (root !== null && root == "recorder") return new Recorder();
  return new Sender();
});
