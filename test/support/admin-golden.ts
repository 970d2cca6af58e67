import { request } from "node:http";

/** A request to the admin interface. */
export interface AdminCase {
  readonly method: "GET" | "POST";
  readonly path: string;
}

/** What came back. */
export interface AdminAnswer extends AdminCase {
  readonly status: number;
  readonly contentType: string;
  /** In lines, so that differences are easy to read. */
  readonly body: readonly string[];
}

const get = (path: string): AdminCase => ({ method: "GET", path });
const post = (path: string): AdminCase => ({ method: "POST", path });

/** What is asked, by configuration. */
export const adminCases = {
  bootstrap: [
    // First, while nothing has been counted.
    get("/stats"),
    get("/stats/prometheus"),
    get("/ready"),
    get("/clusters"),
    get("/clusters?format=json"),
    get("/clusters?filter=tw"),
    get("/clusters?filter=nothing&format=json"),
    get("/listeners"),
    get("/listeners?format=json"),
    post("/logging"),
    get("/logging"),
    post("/logging?level=nonsense"),
    post("/logging?nonsense=debug"),
    post("/logging?upstream=WARNING"),
    post("/logging?upstream=debug&http=trace"),
    post("/logging?paths=upstream"),
    post("/logging?group=upstream:debug"),
    post("/logging?level="),
    post("/logging?paths=upstream:debug,http:trace"),
    post("/logging?level=error&level=info"),
    post("/logging?level=warning"),
    get("/config_dump"),
    get("/config_dump?resource=static_clusters"),
    get("/config_dump?resource=static_clusters&mask=cluster.name"),
    get("/config_dump?resource=static_clusters&name_regex=t.*"),
    get("/config_dump?resource=static_clusters&name_regex=t"),
    get("/config_dump?resource=dynamic_listeners"),
    get("/config_dump?resource=bootstrap"),
    get("/config_dump?resource=nonsense"),
    get("/config_dump?mask=bootstrap.node.id"),
    get("/config_dump?mask=nonsense"),
    get("/quitquitquit"),
    get("/stats?type=nonsense"),
    get("/stats?filter=nothing&format=json"),
  ],
  ecds: [get("/config_dump"), get("/config_dump?resource=ecds_filters")],
} as const satisfies { readonly [name: string]: readonly AdminCase[] };

/** Asks `ip:port`. */
export function askAdmin(address: string, adminCase: AdminCase): Promise<AdminAnswer> {
  const { method, path } = adminCase;
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, method, path, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => (body += text));
      response.on("error", reject);
      response.on("end", () => {
        const contentType = response.headers["content-type"] ?? "";
        const status = response.statusCode ?? 0;
        resolve({ method, path, status, contentType, body: body.split("\n") });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

/**
 * The answer without what differs from run to run and from proxy to proxy: times, ports, who the proxy says it
 * is; and with clusters in one order, since Envoy has none.
 */
export function withoutVolatile(answer: AdminAnswer): AdminAnswer {
  const path = answer.path.replace(/\?.*$/, "");
  const text = answer.body.join("\n");
  return { ...answer, body: maskText(path, text, answer.contentType).split("\n") };
}

function maskText(path: string, text: string, contentType: string): string {
  switch (path) {
    case "/config_dump":
      return text
        .replaceAll(/"last_updated": "[^"]*"/g, '"last_updated": "*"')
        .replaceAll(/"user_agent_name": "[^"]*"/g, '"user_agent_name": "*"')
        .replaceAll(
          /^( *)"user_agent_build_version": \{.*?\n\1\}/gms,
          '$1"user_agent_build_version": "*"',
        )
        .replaceAll(/^( *)"extensions": \[.*?\n\1\]/gms, '$1"extensions": "*"');
    case "/listeners":
      return text
        .replaceAll(/"port_value": \d+/g, '"port_value": "*"')
        .replaceAll(/^(.*:)\d+$/gm, "$1*");
    case "/clusters":
      return contentType === "application/json" ? sortStatuses(text) : sortClusters(text);
    default:
      return text;
  }
}

function sortClusters(text: string): string {
  const lines = text.split("\n").filter((line) => line !== "");
  const byCluster = Map.groupBy(lines, (line) => line.slice(0, line.indexOf("::")));
  const sorted = [...byCluster].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, block]) => block);
  return sorted.map((line) => `${line}\n`).join("");
}

function sortStatuses(text: string): string {
  const body = JSON.parse(text) as { cluster_statuses?: { name: string }[] };
  if (`${JSON.stringify(body, undefined, 1)}\n` !== text) return text;
  body.cluster_statuses?.sort((a, b) => (a.name < b.name ? -1 : 1));
  return `${JSON.stringify(body, undefined, 1)}\n`;
}
