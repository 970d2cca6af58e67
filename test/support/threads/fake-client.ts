import net from "node:net";

/** What a fake worker answers. */
export interface Facts {
  readonly worker: number;
  readonly thread: number;
  readonly pid: number;
  readonly snapshot: number;
  readonly versions: string;
}

/** A connection to a fake worker. */
export class FakeClient {
  readonly socket: net.Socket;
  #text = "";
  #waiting: (() => void) | undefined;
  #ended = false;

  constructor(target: number | string) {
    this.socket =
      typeof target === "number" ? net.connect(target, "127.0.0.1") : net.connect(target);
    this.socket.setEncoding("utf8");
    this.socket.on("data", (text: unknown) => {
      this.#text += String(text);
      this.#waiting?.();
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.#ended = true;
      this.#waiting?.();
    });
  }

  send(line: string): void {
    this.socket.write(`${line}\n`);
  }

  /** The next answer; undefined when the connection ends without one. */
  async answer(): Promise<Facts | undefined> {
    while (!this.#text.includes("\n") && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    const end = this.#text.indexOf("\n");
    if (end < 0) return undefined;
    const [worker, thread, pid, snapshot, versions] = this.#text.slice(0, end).split(" ");
    this.#text = this.#text.slice(end + 1);
    return {
      worker: Number(worker),
      thread: Number(thread),
      pid: Number(pid),
      snapshot: Number(snapshot),
      versions: versions ?? "",
    };
  }

  ask(line: string): Promise<Facts | undefined> {
    this.send(line);
    return this.answer();
  }

  async closed(): Promise<void> {
    while (!this.#ended) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  close(): void {
    this.socket.destroy();
  }
}

/** One question on a connection of its own. */
export async function ask(target: number | string, line = "who"): Promise<Facts | undefined> {
  const client = new FakeClient(target);
  try {
    return await client.ask(line);
  } finally {
    client.close();
  }
}

/** Asks again and again until the answer is as wanted. */
export async function askUntil(
  target: number | string,
  wanted: (facts: Facts) => boolean,
  limitMs = 10_000,
): Promise<Facts> {
  const end = performance.now() + limitMs;
  for (;;) {
    const facts = await ask(target);
    if (facts !== undefined && wanted(facts)) return facts;
    if (performance.now() > end)
      throw new Error(`not within ${limitMs} ms; last: ${facts?.worker}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
