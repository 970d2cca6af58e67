import type { ProtobufWriter } from "../../../common/protobuf/writer.ts";
import { writeStruct } from "../../../common/protobuf/struct.ts";
import type { Address } from "../../../contracts/address.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import type { JsonValue } from "../../../contracts/stream-info.ts";

// Parts of `envoy.service.auth.v3.AttributeContext` that requests and connections have in common.

export const Attribute = {
  source: 1,
  destination: 2,
  request: 4,
  contextExtensions: 10,
  metadataContext: 11,
  tlsSession: 12,
  routeMetadataContext: 13,
} as const;
const Peer = { address: 1, service: 2, labels: 3, principal: 4, certificate: 5 } as const;
const AddressField = { socketAddress: 1, pipe: 2 } as const;
const SocketAddress = { address: 2, portValue: 3 } as const;
const Pipe = { path: 1, mode: 2 } as const;
const MapEntry = { key: 1, value: 2 } as const;
const Metadata = { filterMetadata: 1 } as const;
const TlsSession = { sni: 1 } as const;

/** What is told of the connection's two ends. */
export interface PeerOptions {
  readonly includePeerCertificate: boolean;
  readonly includeTlsSession: boolean;
  /** `labels` of the destination: those of this node. */
  readonly destinationLabels: ReadonlyMap<string, string>;
}

type MetadataOf = { readonly [key: string]: JsonValue };

/** `service`: who the client says that it is. */
export function writePeers(
  writer: ProtobufWriter,
  connection: Connection,
  service: string,
  options: PeerOptions,
): void {
  const { ssl } = connection;
  const source = writer.begin(Attribute.source);
  writeAddress(writer, connection.remoteAddress);
  writeText(writer, Peer.service, service);
  if (ssl !== undefined) {
    const { uriSansPeerCertificate, dnsSansPeerCertificate, subjectPeerCertificate } = ssl;
    const name = uriSansPeerCertificate[0] ?? dnsSansPeerCertificate[0] ?? subjectPeerCertificate;
    writeText(writer, Peer.principal, name);
    if (options.includePeerCertificate) {
      writeText(writer, Peer.certificate, ssl.urlEncodedPemPeerCertificate);
    }
  }
  writer.end(source);
  const destination = writer.begin(Attribute.destination);
  writeAddress(writer, connection.localAddress);
  writeMap(writer, Peer.labels, options.destinationLabels);
  if (ssl !== undefined) {
    const { uriSansLocalCertificate, dnsSansLocalCertificate, subjectLocalCertificate } = ssl;
    const name =
      uriSansLocalCertificate[0] ?? dnsSansLocalCertificate[0] ?? subjectLocalCertificate;
    writeText(writer, Peer.principal, name);
  }
  writer.end(destination);
}

/** The server name of the handshake, where it is asked for; of plain text an empty message. */
export function writeTlsSession(
  writer: ProtobufWriter,
  connection: Connection,
  options: PeerOptions,
): void {
  if (!options.includeTlsSession) return;
  const session = writer.begin(Attribute.tlsSession);
  writeText(writer, TlsSession.sni, connection.ssl?.sni ?? "");
  writer.end(session);
}

export function writeMap(
  writer: ProtobufWriter,
  field: number,
  map: ReadonlyMap<string, string>,
): void {
  for (const [key, value] of map) {
    const entry = writer.begin(field);
    writer.text(MapEntry.key, key);
    writer.text(MapEntry.value, value);
    writer.end(entry);
  }
}

/** `Metadata` with those of `namespaces` that are there; it is written even when none is. */
export function writeMetadata(
  writer: ProtobufWriter,
  field: number,
  namespaces: readonly string[],
  find: (namespace: string) => MetadataOf | undefined,
): void {
  const metadata = writer.begin(field);
  for (const namespace of namespaces) {
    const values = find(namespace);
    if (values === undefined) continue;
    const entry = writer.begin(Metadata.filterMetadata);
    writer.text(MapEntry.key, namespace);
    const struct = writer.begin(MapEntry.value);
    writeStruct(writer, values);
    writer.end(struct);
    writer.end(entry);
  }
  writer.end(metadata);
}

function writeText(writer: ProtobufWriter, field: number, text: string): void {
  if (text !== "") writer.text(field, text);
}

function writeAddress(writer: ProtobufWriter, address: Address): void {
  const start = writer.begin(Peer.address);
  if (address.kind === "ip") {
    const socket = writer.begin(AddressField.socketAddress);
    writer.text(SocketAddress.address, address.ip);
    writer.uint(SocketAddress.portValue, address.port);
    writer.end(socket);
  } else {
    const pipe = writer.begin(AddressField.pipe);
    writer.text(Pipe.path, address.path);
    if (address.mode !== 0) writer.uint(Pipe.mode, address.mode);
    writer.end(pipe);
  }
  writer.end(start);
}
