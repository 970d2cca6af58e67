import type { AdminResponse } from "./admin-request.ts";
import type { Endpoint, ParamHelp } from "./endpoints.ts";

/** `/`: every endpoint with a form for its parameters. */
export function indexPage(endpoints: readonly Endpoint[]): AdminResponse {
  const rows = endpoints.filter((endpoint) => endpoint.path !== "/").map(endpointHtml);
  const body = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Sluice Admin</title>
<style>
body { font-family: sans-serif; margin: 2em; }
section { border-top: 1px solid #ccc; padding: 0.5em 0; }
label { display: block; margin: 0.2em 0 0.2em 2em; }
</style>
</head>
<body>
<h1>Sluice Admin</h1>
${rows.join("\n")}
</body>
</html>
`;
  return { status: 200, contentType: "text/html; charset=UTF-8", body };
}

function endpointHtml({ path, help, mutates, params }: Endpoint): string {
  const method = mutates ? "post" : "get";
  return `<section><form action="${path.slice(1)}" method="${method}">
<button>${escapeHtml(path)}</button> ${escapeHtml(help)}${mutates ? " (POST)" : ""}
${params.map(paramHtml).join("\n")}
</form></section>`;
}

function paramHtml({ id, help, oneOf }: ParamHelp): string {
  const text = escapeHtml(help);
  if (oneOf === undefined) {
    // A flag counts by being there: an empty field must not be sent.
    const flag = id === "usedonly" || id === "invert_filter";
    const type = flag ? 'type="checkbox" value="on"' : 'type="text"';
    return `<label><input ${type} name="${id}"> ${id}: ${text}</label>`;
  }
  const options = oneOf.map((value) => `<option>${escapeHtml(value)}</option>`).join("");
  return `<label><select name="${id}">${options}</select> ${id}: ${text}</label>`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
