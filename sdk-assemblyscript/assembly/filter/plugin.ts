import { proxy_done, proxy_set_tick_period_milliseconds } from "../env";
import { Configuration } from "../hostcall/configuration";
import { HeaderMap } from "../hostcall/headers";
import { StatsUpdate } from "../hostcall/stats-update";
import { Status } from "../status";
import { Context } from "./context";
import { HttpFilter } from "./http-filter";
import { ListenerFilter } from "./listener-filter";
import { NetworkFilter } from "./network-filter";

/**
 * One configured plugin: made when the proxy loads or changes its configuration, the parent of its streams' filters.
 * Each worker of the proxy has its own.
 */
export class Plugin extends Context {
  /** The VM has started. False refuses the configuration. */
  onVmStart(_configuration: Configuration): bool {
    return true;
  }

  /** Looks at the configuration without taking it. Few hosts ask. */
  onValidateConfiguration(_configuration: Configuration): bool {
    return true;
  }

  /** Reads the plugin's configuration. False refuses it: say why with `Log.error` first. */
  onConfigure(_configuration: Configuration): bool {
    return true;
  }

  /** As often as `setTickPeriod` said. */
  onTick(): void {}

  /** A queue that this plugin has registered has a message. Another worker may have taken it. */
  onQueueReady(_queue: u32): void {}

  /**
   * Only of a plugin that is an access logger: a stream or connection has ended. The maps of a connection are empty;
   * all can be used in this callback only.
   */
  onLog(
    _requestHeaders: HeaderMap,
    _responseHeaders: HeaderMap,
    _responseTrailers: HeaderMap,
  ): void {}

  /** Only of a plugin that is a stats sink: the proxy's statistics, at every flush. */
  onStatsUpdate(_stats: StatsUpdate): void {}

  /** A new HTTP stream. Null: it goes through untouched. */
  createHttpFilter(): HttpFilter | null {
    return null;
  }

  /** A new connection. */
  createNetworkFilter(): NetworkFilter | null {
    return null;
  }

  /** A newly accepted socket. */
  createListenerFilter(): ListenerFilter | null {
    return null;
  }

  /** Calls `onTick` every so many milliseconds from now on; 0 ends it. */
  setTickPeriod(milliseconds: u32): Status {
    return proxy_set_tick_period_milliseconds(milliseconds);
  }

  /** What `onDone` waited for is finished. */
  done(): Status {
    return proxy_done();
  }
}

/** A plugin that writes down what has ended, in an `access_log`. Override `onLog`. */
export class AccessLogger extends Plugin {}

/** A plugin that runs by itself, in `bootstrap_extensions`: with `onTick`, `onQueueReady` and callouts. */
export class Service extends Plugin {}
