import { FilterStatus } from "../../../contracts/network/filter.ts";
import type {
  ListenerFilter,
  ListenerFilterCallbacks,
} from "../../../contracts/network/listener-filter.ts";

/** Closes its socket at once. */
export class RefusedSocket implements ListenerFilter {
  readonly maxReadBytes = 0;

  onAccept(callbacks: ListenerFilterCallbacks): FilterStatus {
    callbacks.continueFilterChain(false);
    return FilterStatus.StopIteration;
  }

  onData(): FilterStatus {
    return FilterStatus.StopIteration;
  }

  onClose(): void {
    // Nothing is held.
  }
}
