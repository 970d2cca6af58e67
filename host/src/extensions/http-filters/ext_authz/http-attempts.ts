import { HeaderId } from "../../../common/headers/header-id.ts";
import type {
  AsyncClientCall,
  AsyncClientCallbacks,
  AsyncClientResponse,
} from "../../../contracts/upstream/async-client.ts";
import type { BackOff } from "../../../grpc/back-off.ts";
import {
  type AuthCall,
  type AuthCallbacks,
  type AuthResponse,
  errorResponse,
} from "../../common/ext_authz/auth-response.ts";
import type { AnswerReader } from "./answer-reader.ts";

/** Sends the request once; undefined when it ended at once. */
type Send = (callbacks: AsyncClientCallbacks) => AsyncClientCall | undefined;

/** Who is told, and after which answers the request is sent again. */
export interface AttemptOptions {
  readonly answers: AnswerReader;
  readonly callbacks: AuthCallbacks;
  /** Undefined: after none. */
  readonly backOff: BackOff | undefined;
}

/** One check over HTTP, with as many requests as it takes. */
export class HttpAttempts implements AuthCall, AsyncClientCallbacks {
  /** The callback was called, or the check was cancelled. */
  over = false;
  readonly #send: Send;
  readonly #options: AttemptOptions;
  #call: AsyncClientCall | undefined = undefined;

  constructor(send: Send, options: AttemptOptions) {
    this.#send = send;
    this.#options = options;
  }

  start(): void {
    this.#call = this.#send(this);
  }

  cancel(): void {
    this.over = true;
    this.#options.backOff?.cancel();
    this.#call?.cancel();
  }

  onSuccess(response: AsyncClientResponse): void {
    const { answers, backOff } = this.#options;
    const code = Number(response.headers.getId(HeaderId.Status));
    if (backOff?.retries(code, () => this.start()) === true) this.#call = undefined;
    else this.#finish(answers.read(response));
  }

  onFailure(): void {
    this.#finish(errorResponse);
  }

  #finish(response: AuthResponse): void {
    this.over = true;
    this.#options.callbacks.onAuthResponse(response);
  }
}
