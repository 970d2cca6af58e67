/** Kinds of calls to other services. */
export const CallKind = { Http: 0, Grpc: 1, GrpcStream: 2 } as const;
export type CallKind = (typeof CallKind)[keyof typeof CallKind];

/** The numbers by which a guest knows what it waits for. */
export class CallTokens {
  /** By kind. */
  readonly #last = [0, 1, 2];
  #lastName = 1;

  /** For a new call: the number grows by four, and its two lowest bits are the kind. */
  forCall(kind: CallKind): number {
    const token = (this.#last[kind]! + 4) >>> 0;
    this.#last[kind] = token;
    return token;
  }

  /** For a lookup of a name: 2, 3, 4 …, as in Envoy. */
  forName(): number {
    this.#lastName = this.#lastName >= 0x7fffffff ? 1 : this.#lastName + 1;
    return this.#lastName;
  }
}
