import { HpackDecoder } from "../../host/src/http/codec/http2/hpack/decoder.ts";
import { fields, frame, type ReceivedFrame } from "./http2.ts";

/** METADATA, an extension of HTTP/2: type, and the flag of the last frame of a block. */
export const metadataType = 0x4d;
export const endMetadata = 0x4;

export type Pairs = readonly (readonly [name: string, value: string])[];

/** One METADATA frame with a whole block. */
export function metadata(streamId: number, ...pairs: Pairs): Buffer {
  return frame(metadataType, endMetadata, streamId, fields(...pairs));
}

/** The same block in frames of at most so many bytes. */
export function metadataParts(streamId: number, size: number, ...pairs: Pairs): Buffer {
  const block = fields(...pairs);
  const parts: Buffer[] = [];
  for (let at = 0; at < block.length; at += size) {
    const last = at + size >= block.length;
    parts.push(
      frame(metadataType, last ? endMetadata : 0, streamId, block.subarray(at, at + size)),
    );
  }
  return Buffer.concat(parts);
}

export function data(streamId: number, text: string, end = false): Buffer {
  return frame(0, end ? 1 : 0, streamId, Buffer.from(text));
}

export function reset(streamId: number, code: number): Buffer {
  return frame(3, 0, streamId, Buffer.from([0, 0, 0, code]));
}

/** The fields of a block, which needs no table but its own. */
export function fieldsOf(block: Buffer): [string, string][] {
  return decodeWith(new HpackDecoder(4096, 1 << 24), block);
}

export function decodeWith(decoder: HpackDecoder, block: Buffer): [string, string][] {
  const found: [string, string][] = [];
  const problem = decoder.decode(block, 0, block.length, {
    onField: ({ name, value }) => found.push([name.text, value]),
  });
  return problem === "" ? found : [["undecodable", problem]];
}

/**
 * What a peer has received on a stream, in words: `HEAD M{a=b} D5 END`. DATA frames in a row are one. Left out is how
 * streams and connections are reset, and that a server resets what it has answered.
 */
export function shown(frames: readonly ReceivedFrame[], streamId: number): string {
  const words: string[] = [];
  let bytes = 0;
  let block: Buffer[] = [];
  const flush = (): void => {
    if (bytes > 0) words.push(`D${bytes}`);
    bytes = 0;
  };
  for (const { type, flags, streamId: of, payload } of frames) {
    if (of !== streamId || type === 8) continue;
    if (type !== 0) flush();
    if (type === 0) bytes += payload.length;
    else if (type === 1) words.push("HEAD");
    else if (type === 3 && words.at(-1) !== "END") words.push("RST");
    else if (type === metadataType) {
      block.push(payload);
      if ((flags & endMetadata) === 0) continue;
      words.push(shownBlock(block));
      block = [];
    }
    if (type < 2 && (flags & 1) !== 0) {
      flush();
      words.push("END");
    }
  }
  flush();
  return words.join(" ");
}

function shownBlock(parts: readonly Buffer[]): string {
  const block = Buffer.concat(parts);
  const pairs = fieldsOf(block).map(([name, value]) => {
    return `${name}=${value.length > 40 ? `<${value.length}>` : value}`;
  });
  const frames = parts.length === 1 ? "" : ` in ${parts.map(({ length }) => length).join("+")}`;
  return `M{${pairs.sort().join(",")}${frames}}`;
}
