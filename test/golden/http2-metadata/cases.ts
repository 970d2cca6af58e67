import { HpackDecoder } from "../../../host/src/http/codec/http2/hpack/decoder.ts";
import { clientStart, fields, frame, FrameClient } from "../../support/http2.ts";
import {
  data,
  decodeWith,
  endMetadata,
  metadata,
  metadataParts,
  metadataType,
  reset,
  shown,
} from "../../support/metadata-frames.ts";
import type { ListenerName } from "./scenario.ts";
import {
  pathOf,
  pingBack,
  settingsOf,
  shownSettings,
  type Answering,
  type MetadataUpstream,
} from "../../support/metadata-upstream.ts";

/** What is sent from both ends, and what is waited for. */
export interface MetadataCase {
  readonly listener: ListenerName;
  /** What the client sends; its stream is 1. `head` asks for the path of the case. */
  readonly client: (head: (end: boolean, method?: string) => Buffer) => readonly Buffer[];
  /** What the upstream does; default: answers without a body when the request has ended. */
  readonly upstream?: Answering;
  /** The client is done when it has received this; default: the end of its stream or of the connection. */
  readonly until?: (seen: string) => boolean;
  /** The client's SETTINGS. */
  readonly settings?: Buffer;
  /** Before it is over, the client sends this, too. */
  readonly afterwards?: readonly Buffer[];
  /** The request does not come to the upstream. */
  readonly alone?: boolean;
}

const over = (seen: string): boolean => /END|RST/.test(seen);

/** Runs a case; what both ends have received. */
export async function runCase(
  name: string,
  one: MetadataCase,
  ports: Readonly<Record<ListenerName, number>>,
  upstream: MetadataUpstream,
): Promise<string> {
  const path = pathOf(name);
  await using client = await FrameClient.connect(ports[one.listener]);
  const head = (end: boolean, method = "POST"): Buffer =>
    frame(
      1,
      end ? 5 : 4,
      1,
      fields([":method", method], [":scheme", "http"], [":authority", "h"], [":path", path]),
    );
  const start = one.settings === undefined ? [] : [frame(4, 0, 0, one.settings)];
  client.send(clientStart, ...start, ...one.client(head));
  const seen = (): string => shown(client.frames, 1);
  const until = one.until ?? over;
  await client.until(() => until(seen()));
  if (one.until !== undefined) await pingBack(client);
  if (one.afterwards !== undefined) {
    client.send(...one.afterwards);
    await client.until(() => over(seen()));
  }
  await pingBack(client);
  const settings = client.frames.find(({ type }) => type === 4);
  const announced = shownSettings(settings?.payload ?? Buffer.alloc(0));
  const first = `${announced}${statusOf(client)}${seen()}${client.closed ? " closed" : ""}`;
  if (one.alone === true) return first;
  const request = await upstream.request(path);
  await request.sync();
  return `${first} | ${upstream.settings}${request.seen}`;
}

/** Of the answer on stream 1; heads of others share its table. */
function statusOf(client: FrameClient): string {
  const decoder = new HpackDecoder(4096, 1 << 20);
  for (const { type, streamId, payload } of client.frames) {
    if (type !== 1) continue;
    const found = decodeWith(decoder, payload).find(([name]) => name === ":status");
    if (streamId === 1) return `${found?.[1]} `;
  }
  return "";
}

const hasMetadata = (seen: string): boolean => seen.includes("M{");
const large = (size: number): readonly [string, string] => ["large", "x".repeat(size)];
/** A literal that is to be put into the table, and a field that refers to it. */
const indexed = Buffer.concat([Buffer.from([0x40]), fields(["in-table", "1"]).subarray(1)]);
const reference = Buffer.from([0xbe]);

/** Sends these frames behind the head of the response, without an end; then ends it. */
function answering(...parts: ((streamId: number) => Buffer)[]): Answering {
  return async (request) => {
    await request.until((seen) => /END|RST/.test(seen));
    request.send(
      request.head(),
      ...parts.map((part) => part(request.streamId)),
      data(request.streamId, "ok", true),
    );
  };
}

const requests: { readonly [name: string]: MetadataCase } = {
  "behind the head": {
    listener: "both",
    client: (head) => [head(false), metadata(1, ["a", "b"], ["c", "d"]), data(1, "body", true)],
  },
  "behind the body": {
    listener: "both",
    client: (head) => [head(false), data(1, "body"), metadata(1, ["a", "b"]), frame(0, 1, 1)],
  },
  "between bodies": {
    listener: "both",
    client: (head) => [
      head(false),
      data(1, "one"),
      metadata(1, ["a", "b"]),
      data(1, "two"),
      metadata(1, ["c", "d"]),
      data(1, "three", true),
    ],
  },
  "before trailers": {
    listener: "both",
    client: (head) => [
      head(false),
      data(1, "one"),
      metadata(1, ["a", "b"]),
      frame(1, 5, 1, fields(["x-t", "1"])),
    ],
  },
  "before the head": {
    listener: "both",
    client: (head) => [metadata(1, ["a", "b"]), head(true)],
  },
  "behind the end": {
    listener: "both",
    client: (head) => [head(true), metadata(1, ["a", "b"])],
  },
  "behind the answer": {
    listener: "both",
    client: (head) => [head(true)],
    afterwards: [metadata(1, ["a", "b"])],
  },
  "on stream 0": {
    listener: "both",
    client: (head) => [metadata(0, ["a", "b"]), head(true)],
  },
  "on an even stream": {
    listener: "both",
    client: (head) => [metadata(2, ["a", "b"]), head(true)],
  },
  "on a later stream": {
    listener: "both",
    client: (head) => [metadata(5, ["a", "b"]), head(true)],
  },
  "in frames": {
    listener: "both",
    client: (head) => [head(false), metadataParts(1, 3, ["a", "b"], ["c", "d"]), data(1, "", true)],
  },
  "frames around data": {
    listener: "both",
    client: (head) => [
      head(false),
      frame(metadataType, 0, 1, fields(["a", "b"])),
      data(1, "body"),
      frame(metadataType, endMetadata, 1, fields(["c", "d"])),
      data(1, "", true),
    ],
  },
  "frames around another stream": {
    listener: "both",
    client: (head) => [
      head(false),
      frame(metadataType, 0, 1, fields(["a", "b"])),
      metadata(3, ["e", "f"]),
      frame(metadataType, endMetadata, 1, fields(["c", "d"])),
      data(1, "", true),
    ],
  },
  "without an end": {
    listener: "both",
    client: (head) => [
      head(false),
      frame(metadataType, 0, 1, fields(["a", "b"])),
      data(1, "body", true),
    ],
  },
  "cut field": {
    listener: "both",
    client: (head) => [
      head(false),
      frame(metadataType, endMetadata, 1, fields(["a", "b"]).subarray(0, 4)),
      data(1, "body", true),
    ],
  },
  "bad hpack": {
    listener: "both",
    client: (head) => [
      head(false),
      frame(metadataType, endMetadata, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
      data(1, "body", true),
    ],
  },
  "no entries": {
    listener: "both",
    client: (head) => [head(false), metadata(1), data(1, "body", true)],
  },
  "many without entries": {
    listener: "both",
    client: (head) => [
      head(false),
      ...Array.from({ length: 200 }, () => metadata(1)),
      data(1, "body", true),
    ],
  },
  "many frames": {
    listener: "both",
    client: (head) => [
      head(false),
      ...Array.from({ length: 200 }, () => metadata(1, ["a", "b"])),
      data(1, "body", true),
    ],
  },
  "many empty frames": {
    listener: "both",
    client: (head) => [
      head(false),
      ...Array.from({ length: 200 }, () => frame(metadataType, 0, 1)),
      data(1, "body", true),
    ],
  },
  "twice the name": {
    listener: "both",
    client: (head) => [head(false), metadata(1, ["a", "1"], ["a", "2"]), data(1, "", true)],
  },
  "odd names": {
    listener: "both",
    client: (head) => [
      head(false),
      metadata(
        1,
        ["Upper", "x"],
        [":status", "200"],
        ["blank name", "\u0000\u0001"],
        ["", "empty"],
      ),
      data(1, "", true),
    ],
  },
  "connection fields": {
    listener: "both",
    client: (head) => [
      head(false),
      metadata(1, ["connection", "close"], ["host", "h"], ["te", "x"], ["under_score", " blank "]),
      data(1, "", true),
    ],
  },
  "high bytes": {
    listener: "both",
    client: (head) => [head(false), metadata(1, ["a", "\u00ff\u0080"]), data(1, "", true)],
  },
  "own table": {
    listener: "both",
    client: (head) => [
      head(false),
      frame(metadataType, endMetadata, 1, indexed),
      frame(metadataType, endMetadata, 1, reference),
      data(1, "", true),
    ],
  },
  "table of the heads": {
    listener: "both",
    client: () => [
      frame(
        1,
        4,
        1,
        Buffer.concat([
          fields(
            [":method", "POST"],
            [":scheme", "http"],
            [":authority", "h"],
            [":path", "/table-of-the-heads"],
          ),
          indexed,
        ]),
      ),
      frame(metadataType, endMetadata, 1, reference),
      data(1, "", true),
    ],
  },
  "table of another stream": {
    listener: "both",
    client: (head) => [
      head(false),
      frame(
        1,
        4,
        3,
        fields([":method", "POST"], [":scheme", "http"], [":authority", "h"], [":path", "/aside"]),
      ),
      frame(metadataType, endMetadata, 3, indexed),
      frame(metadataType, endMetadata, 1, reference),
      data(1, "", true),
    ],
  },
  "static table": {
    listener: "both",
    client: (head) => [
      head(false),
      frame(metadataType, endMetadata, 1, Buffer.from([0x82, 0x84])),
      data(1, "", true),
    ],
  },
  "padded flag": {
    listener: "both",
    client: (head) => [
      head(false),
      frame(metadataType, endMetadata | 8, 1, fields(["a", "b"])),
      data(1, "", true),
    ],
  },
  "flags, then an end": {
    listener: "both",
    client: (head) => [
      head(false),
      frame(metadataType, endMetadata | 8, 1, fields(["a", "b"])),
      frame(metadataType, endMetadata, 1),
      data(1, "", true),
    ],
  },
  "unknown flags": {
    listener: "both",
    client: (head) => [
      head(false),
      frame(metadataType, endMetadata | 0x80, 1, fields(["a", "b"])),
      data(1, "", true),
    ],
  },
  "end of stream flag": {
    listener: "both",
    client: (head) => [
      head(false),
      frame(metadataType, endMetadata | 1, 1, fields(["a", "b"])),
      data(1, "", true),
    ],
  },
  "20 kB": {
    listener: "both",
    client: (head) => [head(false), metadataParts(1, 16_384, large(20_000)), data(1, "", true)],
  },
  "200 kB": {
    listener: "both",
    client: (head) => [head(false), metadataParts(1, 16_384, large(200_000)), data(1, "", true)],
  },
  "above 1 MiB": {
    listener: "both",
    client: (head) => [
      head(false),
      ...Array.from({ length: 22 }, (_e, i) =>
        metadataParts(1, 16_384, [`large${i}`, "x".repeat(50_000)]).fill(0, 4, 5),
      ),
      data(1, "", true),
    ],
  },
  "above 1 MiB in blocks": {
    listener: "both",
    client: (head) => [
      head(false),
      ...Array.from({ length: 22 }, () => metadataParts(1, 16_384, large(50_000))),
      data(1, "", true),
    ],
  },
  "small, below": {
    listener: "small",
    client: (head) => [head(false), metadata(1, large(80)), data(1, "", true)],
  },
  "small, as large as may be": {
    listener: "small",
    client: (head) => [head(false), metadata(1, large(92)), data(1, "", true)],
  },
  "small, above": {
    listener: "small",
    client: (head) => [head(false), metadata(1, large(93)), data(1, "", true)],
  },
  "small, above on two streams": {
    listener: "small",
    client: (head) => [
      head(false),
      frame(
        1,
        4,
        3,
        fields([":method", "POST"], [":scheme", "http"], [":authority", "h"], [":path", "/aside"]),
      ),
      metadata(3, large(60)),
      metadata(1, large(60)),
      data(1, "", true),
    ],
  },
  "small, above in frames": {
    listener: "small",
    client: (head) => [head(false), metadataParts(1, 30, large(120)), data(1, "", true)],
  },
  "small, above in blocks": {
    listener: "small",
    client: (head) => [
      head(false),
      metadata(1, large(60)),
      metadata(1, large(60)),
      data(1, "", true),
    ],
  },
  "small, unpacks to more": {
    listener: "small",
    client: (head) => [
      head(false),
      frame(
        metadataType,
        endMetadata,
        1,
        Buffer.concat([
          Buffer.from([0x40]),
          fields(["in-table", "y".repeat(60)]).subarray(1),
          reference,
          reference,
          reference,
        ]),
      ),
      data(1, "", true),
    ],
  },
  "behind a reset": {
    listener: "both",
    client: (head) => [head(false), reset(1, 8), metadata(1, ["a", "b"])],
    until: () => true,
  },
  "not allowed": {
    listener: "up",
    client: (head) => [head(false), metadata(1, ["a", "b"]), data(1, "", true)],
  },
  "not allowed upstream": {
    listener: "down",
    client: (head) => [head(false), metadata(1, ["a", "b"]), data(1, "", true)],
  },
  "upstream of HTTP/1": {
    listener: "one",
    client: (head) => [head(false), metadata(1, ["a", "b"]), data(1, "", true)],
    alone: true,
  },
  "to a direct response": {
    listener: "direct",
    client: () => [
      frame(
        1,
        4,
        1,
        fields([":method", "POST"], [":scheme", "http"], [":authority", "h"], [":path", "/direct"]),
      ),
      metadata(1, ["a", "b"]),
      data(1, "", true),
    ],
    alone: true,
  },
};

const responses: { readonly [name: string]: MetadataCase } = {
  "of the upstream": {
    listener: "both",
    client: (head) => [head(true)],
    upstream: answering((id) => metadata(id, ["a", "b"], ["c", "d"])),
  },
  "of the upstream before its head": {
    listener: "both",
    client: (head) => [head(true)],
    upstream: async (request) => {
      await request.until((seen) => seen.includes("END"));
      request.send(metadata(request.streamId, ["a", "b"]), request.head(true));
    },
  },
  "of the upstream behind 100": {
    listener: "both",
    client: (head) => [head(true)],
    upstream: async (request) => {
      await request.until((seen) => seen.includes("END"));
      const interim = frame(1, 4, request.streamId, fields([":status", "103"]));
      request.send(interim, metadata(request.streamId, ["a", "b"]), request.head(true));
    },
  },
  "of the upstream behind the body": {
    listener: "both",
    client: (head) => [head(true)],
    upstream: async (request) => {
      await request.until((seen) => seen.includes("END"));
      const id = request.streamId;
      request.send(request.head(), data(id, "body"), metadata(id, ["a", "b"]), data(id, "", true));
    },
  },
  "of the upstream before trailers": {
    listener: "both",
    client: (head) => [head(true)],
    upstream: async (request) => {
      await request.until((seen) => seen.includes("END"));
      const id = request.streamId;
      request.send(request.head(), metadata(id, ["a", "b"]), frame(1, 5, id, fields(["x-t", "1"])));
    },
  },
  "of the upstream behind the end": {
    listener: "both",
    client: (head) => [head(true)],
    upstream: async (request) => {
      await request.until((seen) => seen.includes("END"));
      request.send(request.head(true), metadata(request.streamId, ["a", "b"]));
    },
  },
  "of the upstream without an end": {
    listener: "both",
    client: (head) => [head(true)],
    upstream: answering((id) => frame(metadataType, 0, id, fields(["a", "b"]))),
  },
  "of the upstream, no entries": {
    listener: "both",
    client: (head) => [head(true)],
    upstream: answering((id) => metadata(id)),
  },
  "of the upstream, 20 kB": {
    listener: "both",
    client: (head) => [head(true)],
    upstream: answering((id) => metadataParts(id, 16_384, large(20_000))),
  },
  "of the upstream, bad hpack": {
    listener: "both",
    client: (head) => [head(true)],
    upstream: answering((id) =>
      frame(metadataType, endMetadata, id, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
    ),
  },
  "of the upstream, small, above": {
    listener: "smallup",
    client: (head) => [head(true)],
    upstream: answering((id) => metadata(id, large(120))),
  },
  "of the upstream, not allowed": {
    listener: "down",
    client: (head) => [head(true)],
    upstream: answering((id) => metadata(id, ["a", "b"])),
  },
  "of the upstream, not allowed downstream": {
    listener: "up",
    client: (head) => [head(true)],
    upstream: answering((id) => metadata(id, ["a", "b"])),
  },
  "of the upstream behind data that waits": {
    listener: "both",
    settings: settingsOf([4, 3]),
    client: (head) => [head(true)],
    upstream: answering(
      (id) => data(id, "body"),
      (id) => metadata(id, ["a", "b"]),
    ),
    until: (seen) => seen.includes("D3"),
    afterwards: [frame(8, 0, 1, Buffer.from([0, 0, 0, 100]))],
  },
  "while the request goes on": {
    listener: "both",
    client: (head) => [head(false), metadata(1, ["a", "1"])],
    upstream: async (request) => {
      await request.until(hasMetadata);
      request.send(request.head(), metadata(request.streamId, ["b", "2"]));
      await request.until((seen) => seen.includes("END"));
      request.send(metadata(request.streamId, ["b", "3"]), data(request.streamId, "", true));
    },
    until: hasMetadata,
    afterwards: [metadata(1, ["a", "4"]), data(1, "", true)],
  },
};

const both: MetadataCase = {
  listener: "log",
  client: (head) => [
    head(false),
    metadata(1, ["a", "b"], ["c", "d"]),
    data(1, "body"),
    metadata(1, ["e", "f"]),
    data(1, "", true),
  ],
  upstream: answering(
    (id) => metadata(id, ["g", "h"], ["i", "j"], ["k", "l"]),
    (id) => data(id, "body"),
    (id) => metadata(id, ["m", "n"]),
  ),
};

const guests: { readonly [name: string]: MetadataCase } = {
  "a guest sees": both,
  "a guest sees, then a script waits": { ...both, listener: "lua" },
  "a script waits, then a guest sees": { ...both, listener: "hold" },
  "a guest holds all, another sees": { ...both, listener: "held" },
  "a guest goes on with metadata": { ...both, listener: "resume" },
  "a guest answers": { ...both, listener: "reply" },

  "a guest returns a number": { ...both, listener: "stop" },
  "a guest returns a number, StopIteration is off": { ...both, listener: "stopped" },
  "a guest of the upstream sees": { ...both, listener: "upfilter" },
  "a guest traps": { ...both, listener: "trap" },
  "a guest sees the answer": {
    listener: "log",
    client: (head) => [head(true)],
    upstream: async (request) => {
      await request.until((seen) => seen.includes("END"));
      const id = request.streamId;
      request.send(
        metadata(id, ["a", "b"]),
        request.head(),
        metadata(id, ["c", "d"]),
        data(id, "ok", true),
      );
    },
  },
  "a guest holds all of the answer": {
    listener: "heldback",
    client: (head) => [head(true)],
    upstream: answering(
      (id) => metadata(id, ["a", "b"]),
      (id) => data(id, "ok"),
      (id) => metadata(id, ["c", "d"]),
    ),
  },
  "a script holds the answer": {
    listener: "luaback",
    client: (head) => [head(true)],
    upstream: answering(
      (id) => metadata(id, ["a", "b"]),
      (id) => data(id, "ok"),
      (id) => metadata(id, ["c", "d"]),
    ),
  },
  "the whole request waits for the upstream": {
    listener: "log",
    client: (head) => [
      head(false),
      metadata(1, ["a", "b"]),
      metadata(1, ["c", "d"]),
      data(1, "body"),
      metadata(1, ["e", "f"]),
      frame(1, 5, 1, fields(["x-t", "1"])),
    ],
  },
  "a script waits for the body": {
    listener: "buffer",
    client: (head) => [
      head(false),
      metadata(1, ["a", "b"]),
      data(1, "one"),
      metadata(1, ["c", "d"]),
      data(1, "two"),
      metadata(1, ["e", "f"]),
      data(1, "", true),
    ],
  },
  "a script waits for the body and trailers": {
    listener: "buffer",
    client: (head) => [
      head(false),
      metadata(1, ["a", "b"]),
      data(1, "one"),
      metadata(1, ["c", "d"]),
      frame(1, 5, 1, fields(["x-t", "1"])),
    ],
  },
  "a guest sees nothing without entries": {
    listener: "log",
    client: (head) => [head(false), metadata(1), data(1, "", true)],
  },
};

/** What Envoy does not live through. */
export const fatalCases: { readonly [name: string]: MetadataCase } = {
  "a guest answers for the upstream": { ...both, listener: "replyback" },
  "a guest traps for the upstream": { ...both, listener: "trapback" },
};

export const metadataCases: { readonly [name: string]: MetadataCase } = {
  ...requests,
  ...responses,
  ...guests,
};
