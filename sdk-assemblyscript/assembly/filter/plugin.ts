import { Configuration } from "../hostcall/configuration";
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

  /** A new HTTP stream. */
  createHttpFilter(): HttpFilter {
    return new HttpFilter();
  }
}
