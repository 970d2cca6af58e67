import type { Duplex } from "node:stream";
import { meets } from "../suite/matcher.ts";
import type { HeaderList, When } from "../suite/suite.ts";

/** A request that a fake server has got. */
export interface Received {
  readonly server: string;
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  /** Of gRPC: with the framing of messages. */
  body: Buffer;
  trailers: HeaderList | undefined;
  /** All of it has come. */
  complete: boolean;
  /** Of gRPC. */
  readonly messages: Buffer[] | undefined;
}

/** Bytes that the proxy has sent to a server of bytes, on one connection. */
export interface ReceivedBytes {
  readonly server: string;
  /** What is written to it comes from the server. */
  readonly socket: Duplex;
  bytes: Buffer;
  ended: boolean;
}

/** What fake servers tell, and what they need. */
export interface ServerEnvironment {
  readonly requests: Received[];
  readonly connections: ReceivedBytes[];
  /** Something has come. */
  changed(): void;
  later(ms: number, callback: () => void): void;
  /** When what was sent has arrived by itself. */
  soon(callback: () => void): void;
}

/** The values of a header, joined; undefined when it is not there. Bytes, one per character, become text. */
export function headerOf(headers: HeaderList, name: string): Buffer | undefined {
  const values = headers.filter(([each]) => each === name).map(([, value]) => value);
  return values.length === 0 ? undefined : Buffer.from(values.join(","), "latin1");
}

/** Whether the answer is for this request. */
export function isFor(when: When, request: Received): boolean {
  if (when.method !== undefined && !meets(when.method, Buffer.from(request.method))) return false;
  if (when.path !== undefined && !meets(when.path, Buffer.from(request.path))) return false;
  if (when.body !== undefined && !meets(when.body, request.body)) return false;
  return when.headers.every(([name, matcher]) => meets(matcher, headerOf(request.headers, name)));
}

/** Chooses answers: those that are for a request first, then the others, one each, the last one for all that follow. */
export class Script<A extends { readonly when: When | undefined }> {
  readonly #conditional: readonly (A & { readonly when: When })[];
  readonly #turns: readonly A[];
  #used = 0;

  constructor(answers: readonly A[]) {
    this.#conditional = answers.filter((each): each is A & { readonly when: When } => {
      return each.when !== undefined;
    });
    this.#turns = answers.filter(({ when }) => when === undefined);
  }

  answer(request: Received): A | undefined {
    const found = this.#conditional.find(({ when }) => isFor(when, request));
    if (found !== undefined) return found;
    const turn = this.#turns[Math.min(this.#used, this.#turns.length - 1)];
    this.#used += 1;
    return turn;
  }
}
