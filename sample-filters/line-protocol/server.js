// Keeps values: `node sample-filters/line-protocol/server.js 8080`. Lines are SET <name> <value>, GET <name>, DEL <name>.
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const [port = "8080"] = process.argv.slice(2);

const values = new Map();

const server = createServer({ allowHalfOpen: true }, (socket) => {
  const lines = createInterface({ input: socket });
  lines.on("line", (line) => socket.write(`${answer(line)}\n`));
  lines.on("close", () => socket.end());
  socket.on("error", () => socket.destroy());
});

function answer(line) {
  const [command, name, ...rest] = line.trim().split(" ");
  switch (command.toUpperCase()) {
    case "SET":
      values.set(name, rest.join(" "));
      return "OK";
    case "GET":
      return values.get(name) ?? "NONE";
    case "DEL":
      return values.delete(name) ? "OK" : "NONE";
    default:
      return `ERROR no command ${command}`;
  }
}

server.listen(Number(port), "127.0.0.1", () => {
  console.log(`values listens on ${server.address().port}`);
});
