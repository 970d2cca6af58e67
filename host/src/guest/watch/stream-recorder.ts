import type {
  RecordedCallback,
  RecordedHostCall,
  RecordedMessage,
  RecordedPlugin,
  Recording,
} from "./recording.ts";
import { redacted } from "./redactor.ts";

/** A callback that runs. */
interface Running {
  readonly name: string;
  readonly args: readonly number[];
  readonly message: RecordedMessage | undefined;
  readonly calls: RecordedHostCall[];
}

/** Characters that a host call or a callback has besides its values. */
const overhead = 64;

/** Keeps what a module does in one stream, up to a size. */
export class StreamRecorder {
  /** The VM was lost in the stream. */
  failed = false;
  /** What was recorded: set when the stream is known. */
  plugin: RecordedPlugin | undefined = undefined;
  contexts: { readonly root: number; readonly stream: number } = { root: 0, stream: 0 };
  readonly #maxChars: number;
  readonly #redactedNames: readonly string[];
  readonly #begun = new Date();
  readonly #callbacks: RecordedCallback[] = [];
  readonly #stack: Running[] = [];
  #chars = 0;

  constructor(maxChars: number, redactedNames: readonly string[]) {
    this.#maxChars = maxChars;
    this.#redactedNames = redactedNames;
  }

  /** No more is kept. */
  get cut(): boolean {
    return this.#chars > this.#maxChars;
  }

  enter(name: string, args: readonly number[], message: RecordedMessage | undefined): void {
    this.#stack.push({ name, args: [...args], message, calls: [] });
    this.#count(message);
  }

  hostCall(call: RecordedHostCall): void {
    if (this.cut) return;
    this.#stack.at(-1)?.calls.push(call);
    this.#count(call.inputs, call.outputs);
  }

  leave(result: number, failure: string | undefined): void {
    const running = this.#stack.pop();
    if (failure !== undefined) this.failed = true;
    if (running === undefined) return;
    const { name, args, message, calls } = running;
    // The end is what a recording of a failure is about.
    if (this.cut && failure === undefined) return;
    this.#callbacks.push({
      name,
      args,
      ...(message !== undefined && { message }),
      calls,
      result,
      ...(failure !== undefined && { failure }),
    });
  }

  /** Values of the environment are among what is redacted, if anything is. */
  recording(): Recording {
    const plugin = this.plugin!;
    const environment = plugin.environment.map(
      ([name, value]) => [name, this.#redactedNames.length === 0 ? value : redacted] as const,
    );
    return {
      sluiceRecording: 1,
      plugin: { ...plugin, environment },
      rootContext: this.contexts.root,
      context: this.contexts.stream,
      begun: this.#begun.toISOString(),
      callbacks: this.#callbacks,
      cut: this.cut,
      redacted: this.#redactedNames,
    };
  }

  #count(...values: readonly unknown[]): void {
    this.#chars += overhead;
    for (const value of values)
      if (value !== undefined) this.#chars += JSON.stringify(value).length;
  }
}
