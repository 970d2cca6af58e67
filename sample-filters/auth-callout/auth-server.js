// Knows whose a token is: `node sample-filters/auth-callout/auth-server.js 8081`.
import { createServer } from "node:http";

const [port = "8081"] = process.argv.slice(2);

const users = new Map([
  ["Bearer token-of-ada", "ada"],
  ["Bearer token-of-grace", "grace"],
]);

const server = createServer((request, response) => {
  const user = users.get(request.headers.authorization);
  if (user === undefined) {
    response.writeHead(401, { "www-authenticate": "Bearer" }).end("who are you?\n");
  } else if (user !== "ada" && request.headers["x-original-path"].startsWith("/admin")) {
    response.writeHead(403).end(`not for ${user}\n`);
  } else {
    response.writeHead(200, { "x-user": user }).end();
  }
});

server.listen(Number(port), "127.0.0.1", () => {
  console.log(`auth listens on ${server.address().port}`);
});
