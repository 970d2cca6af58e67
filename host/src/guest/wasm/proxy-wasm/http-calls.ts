import { STATUS_BAD_ARGUMENT, STATUS_INTERNAL_FAILURE, STATUS_OK } from "@sluice/abi";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type {
  AsyncClientCall,
  AsyncClientCallbacks,
  AsyncClientFailure,
  AsyncClientRequest,
  AsyncClientResponse,
} from "../../../contracts/upstream/async-client.ts";
import type { Timer } from "../../../contracts/event.ts";
import type { InputLimits } from "../../limits/defaults.ts";
import { awaitCluster, type CallEnvironment } from "./await-cluster.ts";

/** What the guest sees of an answer during its callback. */
export interface CallResponse {
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
  readonly trailers: HeaderMap | undefined;
}

/** Whom a call belongs to. Called later than `open`, when no guest code runs, but for the last. */
export interface CallOwner {
  onHttpCallResponse(token: number, response: CallResponse): void;
  onHttpCallFailure(token: number): void;
  /** A call is not made: too many are under way, or too much. */
  onCallBeyondLimit(): void;
}

/** How many calls of a plugin may be under way, and how many bytes their requests may have together. */
export type CallLimits = Pick<InputLimits, "httpCalls" | "callBytes">;

/** The calls of one plugin (`proxy_http_call`). */
export class HttpCalls {
  readonly #owner: CallOwner;
  readonly #environment: CallEnvironment;
  readonly #calls = new Map<number, Call>();
  readonly #limits: CallLimits;
  /** Of the bodies of the calls under way. */
  #bytes = 0;

  constructor(owner: CallOwner, environment: CallEnvironment, limits: CallLimits) {
    this.#limits = limits;
    this.#owner = owner;
    this.#environment = environment;
  }

  /**
   * Sends `request`: a status. When it is Ok, exactly one callback of the owner follows, unless `cancelAll` comes
   * first. `patient`: a cluster that does not exist may still come.
   */
  open(token: number, cluster: string, request: AsyncClientRequest, patient: boolean): number {
    const bytes = request.body?.length ?? 0;
    const { httpCalls, callBytes } = this.#limits;
    if (this.#calls.size >= httpCalls || this.#bytes + bytes > callBytes) {
      this.#owner.onCallBeyondLimit();
      return STATUS_INTERNAL_FAILURE;
    }
    const found = this.#environment.clusters.getThreadLocalCluster(cluster);
    if (found === undefined && !patient) return STATUS_BAD_ARGUMENT;
    const call = new Call(token, this.#owner, () => this.#remove(token, bytes));
    this.#calls.set(token, call);
    this.#bytes += bytes;
    if (found === undefined) {
      this.#wait(call, cluster, request);
      return STATUS_OK;
    }
    if (call.send(found.httpAsyncClient().send(request, call))) return STATUS_OK;
    this.#remove(token, bytes);
    return STATUS_INTERNAL_FAILURE;
  }

  #remove(token: number, bytes: number): void {
    if (this.#calls.delete(token)) this.#bytes -= bytes;
  }

  /** Nobody is to hear of the calls under way any more. */
  cancelAll(): void {
    for (const call of this.#calls.values()) call.cancel();
    this.#calls.clear();
    this.#bytes = 0;
  }

  #wait(call: Call, cluster: string, request: AsyncClientRequest): void {
    const { clusters } = this.#environment;
    const timer = awaitCluster(this.#environment, cluster, () => {
      const found = clusters.getThreadLocalCluster(cluster);
      if (found === undefined || !call.send(found.httpAsyncClient().send(request, call))) {
        call.fail();
      }
    });
    call.waitsFor(timer);
  }
}

class Call implements AsyncClientCallbacks {
  readonly #token: number;
  readonly #owner: CallOwner;
  readonly #onEnd: () => void;
  #sent: AsyncClientCall | undefined;
  #timer: Timer | undefined;
  /** Before that, what ends the call is told by the result of `send`. */
  #open = false;
  #ended = false;

  constructor(token: number, owner: CallOwner, onEnd: () => void) {
    this.#token = token;
    this.#owner = owner;
    this.#onEnd = onEnd;
  }

  waitsFor(timer: Timer): void {
    this.#timer = timer;
  }

  /** `sent`: what sending gave. False when the call ended at once. */
  send(sent: AsyncClientCall | undefined): boolean {
    this.#timer = undefined;
    this.#sent = sent;
    this.#open = sent !== undefined && !this.#ended;
    return this.#open;
  }

  cancel(): void {
    this.#ended = true;
    this.#timer?.disable();
    this.#sent?.cancel();
  }

  fail(): void {
    this.#ended = true;
    this.#onEnd();
    this.#owner.onHttpCallFailure(this.#token);
  }

  onSuccess(response: AsyncClientResponse): void {
    if (!this.#ends()) return;
    const { headers, body, trailers } = response;
    this.#owner.onHttpCallResponse(this.#token, { headers, body: body.toBuffer(), trailers });
  }

  onFailure(_reason: AsyncClientFailure): void {
    if (this.#ends()) this.#owner.onHttpCallFailure(this.#token);
  }

  /** True when the owner is to hear of the end. */
  #ends(): boolean {
    const told = this.#open && !this.#ended;
    this.#ended = true;
    if (told) this.#onEnd();
    return told;
  }
}
