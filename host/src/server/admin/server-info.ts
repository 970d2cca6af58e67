import { jsonText } from "../../config/print-json.ts";
import { schema } from "../../config/schema.ts";
import type { AdminDeps } from "./admin-deps.ts";
import {
  type AdminRequest,
  type AdminResponse,
  jsonResponse,
  textResponse,
} from "./admin-request.ts";
import { nodeJson } from "../node-json.ts";

/** `/ready`: 200 when the server takes traffic. */
export function readyPage(_request: AdminRequest, deps: AdminDeps): AdminResponse {
  const state = deps.state();
  return textResponse(state === "LIVE" ? 200 : 503, `${state}\n`);
}

/** `/server_info`: version, state, age, command line and node. */
export function serverInfoPage(_request: AdminRequest, deps: AdminDeps): AdminResponse {
  const { bootstrap, localInfo } = deps.configDump();
  const { version } = deps;
  const extensions = deps.extensions();
  const uptime = `${Math.floor(process.uptime())}s`;
  const info = {
    version: `sluice/${deps.version}/Clean/RELEASE/Node.js-${process.versions.node}`,
    state: deps.state(),
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: "disabled",
    command_line_options: deps.commandLineOptions(),
    node: nodeJson(schema(), { configured: bootstrap.node, localInfo, version, extensions }),
  };
  return jsonResponse(`${jsonText(info)}\n`);
}
