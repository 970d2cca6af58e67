/** gRPC's names of what can be wrong with a message. */
export type TranscodeFailure = "INVALID_ARGUMENT" | "INTERNAL" | "NOT_FOUND";

/** A request or response cannot be translated; thrown and caught inside of this folder. */
export class TranscodeError extends Error {
  readonly failure: TranscodeFailure;

  constructor(text: string, failure: TranscodeFailure = "INVALID_ARGUMENT") {
    super(text);
    this.failure = failure;
  }
}

/** What any exception of a translation comes to: a stack that is too deep, bytes that are no message. */
export function asTranscodeError(error: unknown): TranscodeError {
  if (error instanceof TranscodeError) return error;
  return new TranscodeError(error instanceof Error ? error.message : String(error));
}
