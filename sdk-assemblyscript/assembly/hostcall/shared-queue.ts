import {
  proxy_dequeue_shared_queue,
  proxy_enqueue_shared_queue,
  proxy_register_shared_queue,
  proxy_resolve_shared_queue,
} from "../env";
import { outPointer, outSize } from "../memory/allocator";
import { takeBytes, takeText } from "../memory/result";
import {
  encodeFirst,
  encodeSecond,
  firstPointer,
  firstSize,
  releaseTexts,
  secondPointer,
  secondSize,
} from "../memory/text";
import { bytesOf } from "../memory/utf8";
import { Status } from "../status";

/**
 * Messages between plugins, across workers, first in first out. Who has registered the queue last is told of new ones
 * (`Plugin.onQueueReady`).
 */
export class SharedQueue {
  /** Of the last call; of `register` and `resolve`: whether the queue is there. */
  status: Status = Status.Ok;

  /** Use `register` or `resolve`. */
  constructor(
    /** What `onQueueReady` is given. */
    readonly id: u32 = 0,
  ) {}

  /** Makes the queue, or takes over its messages. */
  static register(name: string): SharedQueue {
    encodeFirst(changetype<usize>(name));
    const status: Status = proxy_register_shared_queue(firstPointer, firstSize, outSize);
    releaseTexts();
    return queueOf(status);
  }

  /** The queue of that name of the VM called `vmId`; empty: of this one's. `NotFound` while nobody has registered it. */
  static resolve(vmId: string, name: string): SharedQueue {
    encodeFirst(changetype<usize>(vmId));
    encodeSecond(changetype<usize>(name));
    const status: Status = proxy_resolve_shared_queue(
      firstPointer,
      firstSize,
      secondPointer,
      secondSize,
      outSize,
    );
    releaseTexts();
    return queueOf(status);
  }

  enqueue(message: ArrayBuffer): Status {
    this.status = proxy_enqueue_shared_queue(
      this.id,
      changetype<usize>(message),
      message.byteLength,
    );
    return this.status;
  }

  enqueueText(message: string): Status {
    return this.enqueue(bytesOf(message));
  }

  /** Takes the oldest message. Null when there is none (`status` is `Empty`) or the call failed. */
  dequeue(): ArrayBuffer | null {
    return this.take() ? takeBytes() : null;
  }

  dequeueText(): string | null {
    return this.take() ? takeText() : null;
  }

  private take(): bool {
    this.status = proxy_dequeue_shared_queue(this.id, outPointer, outSize);
    return this.status == Status.Ok;
  }
}

function queueOf(status: Status): SharedQueue {
  const queue = new SharedQueue(status == Status.Ok ? load<u32>(outSize) : 0);
  queue.status = status;
  return queue;
}
