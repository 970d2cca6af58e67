// A server that answers with what it was asked: `node sample-filters/echo.js 8080 [name]`.
import { createServer } from "node:http";

const [port = "8080", name = "server"] = process.argv.slice(2);

const server = createServer((request, response) => {
  const lines = [`${name}: ${request.method} ${request.url}`];
  for (const [header, value] of Object.entries(request.headers)) {
    const isOwn = header.startsWith("x-") && !isOfProxy.test(header);
    if (isOwn) lines.push(`${header}: ${value}`);
  }
  let body = "";
  request.setEncoding("utf8").on("data", (text) => (body += text));
  request.on("end", () => {
    if (body !== "") lines.push(body);
    response.setHeader("x-powered-by", "echo");
    response.end(`${lines.join("\n")}\n`);
  });
});

/** Headers that the proxy adds by itself. */
const isOfProxy = /^x-(forwarded-for|forwarded-proto|request-id|envoy-.*)$/;

server.listen(Number(port), "127.0.0.1", () => {
  console.log(`${name} listens on ${server.address().port}`);
});
