import assert from "node:assert/strict";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import tls from "node:tls";
import { type Answer, parseAnswer, type Question, requestText } from "./http-exchange.ts";
import { TestClient } from "./hcm-server.ts";

// What the commands in READMEs do, without them: `curl` asks over HTTP, `printf … | nc` sends bytes and prints what
// comes back until both sides have ended.

/** Ports of this run, by those that the README names. */
export type Ports = Readonly<Record<number, number>>;

/** Runs `command`; what it prints, line by line. `curl` prints as with `-i`. */
export async function runCommand(command: string, ports: Ports): Promise<string[]> {
  const port = portIn(command, ports);
  if (command.startsWith("curl "))
    return curl(port, questionOf(command), command.includes(" https:"));
  const [, sent] = /^printf '([^']*)' \| nc -N 127\.0\.0\.1 \d+$/.exec(command) ?? [];
  assert.ok(sent !== undefined, `nobody knows what this does: ${command}`);
  return exchange(port, sent.replaceAll("\\r", "\r").replaceAll("\\n", "\n"));
}

/** The port that the command goes to, as the README names it. */
export function namedPort(command: string): number {
  return Number(/127\.0\.0\.1[: ](\d+)/.exec(command)?.[1]);
}

function portIn(command: string, ports: Ports): number {
  const port = ports[namedPort(command)];
  assert.ok(port !== undefined, `no such port: ${command}`);
  return port;
}

function questionOf(command: string): Question {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain!,
  );
  const headers: Record<string, string> = {};
  let body: string | undefined;
  let target = "";
  for (let i = 1; i < words.length; i += 1) {
    const word = words[i]!;
    if (word === "-H") {
      const [name = "", value = ""] = words[(i += 1)]!.split(": ");
      headers[name] = value;
    } else if (word === "-d") body = words[(i += 1)];
    else if (word !== "-i" && word !== "-k") target = word;
  }
  const { pathname, search, host: authority } = new URL(target);
  const { host = authority, ...others } = headers;
  const common = { path: pathname + search, host, headers: others };
  return body === undefined ? common : { ...common, method: "POST", body };
}

async function curl(port: number, question: Question, secure: boolean): Promise<string[]> {
  if (secure) return linesOf(await askSecurely(port, question));
  await using client = await TestClient.connect(port);
  client.send(requestText(question));
  const begun = await client.until((text) => text !== "");
  if (begun === "") return ["curl: (52) Empty reply from server"];
  return linesOf(parseAnswer(await client.response()));
}

/** Trusts everybody, as `-k` says. */
async function askSecurely(port: number, question: Question): Promise<Answer> {
  const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const close = { ...question, headers: { ...question.headers, connection: "close" } };
  socket.write(requestText(close), "latin1");
  return parseAnswer(await text(socket));
}

function linesOf({ status, headers, body }: Answer): string[] {
  const head = [...headers].map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status}`, ...head, "", ...body.trimEnd().split("\n")];
}

async function exchange(port: number, bytes: string): Promise<string[]> {
  await using client = await TestClient.connect(port);
  client.send(bytes);
  client.socket.end();
  const printed = await client.until(() => false);
  return printed === "" ? [] : printed.trimEnd().split(/\r?\n/);
}
