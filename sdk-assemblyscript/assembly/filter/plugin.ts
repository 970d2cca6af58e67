import { Configuration } from "../hostcall/configuration";
import { HeaderMap } from "../hostcall/headers";
import { HttpFilter } from "./http-filter";

/**
 * One configured plugin: made when the proxy loads or changes its configuration, the parent of its streams' filters.
 * Each worker of the proxy has its own.
 */
export class Plugin {
  /** The VM has started. False refuses the configuration. */
  onVmStart(_configuration: Configuration): bool {
    return true;
  }

  /** Reads the plugin's configuration. False refuses it: say why with `Log.error` first. */
  onConfigure(_configuration: Configuration): bool {
    return true;
  }

  /**
   * Only of a plugin that is an access logger: a stream or connection has ended. The maps of a connection are empty;
   * all can be used in this callback only.
   */
  onLog(
    _requestHeaders: HeaderMap,
    _responseHeaders: HeaderMap,
    _responseTrailers: HeaderMap,
  ): void {}

  /** A new HTTP stream. */
  createHttpFilter(): HttpFilter {
    return new HttpFilter();
  }
}
