import { closeSync } from "node:fs";
import { getSystemErrorMap } from "node:util";
import koffi from "koffi";
import type { Address, IpAddress, PipeAddress } from "../contracts/address.ts";
import { canonicalIp } from "./address.ts";

/**
 * The system calls that Node lacks: sockets that are bound without an event loop, duplicates of descriptors, and
 * descriptors sent to another process. The numbers are Linux's.
 */

const libc = koffi.load(null);
const c = {
  socket: libc.func("socket", "int", ["int", "int", "int"]),
  bind: libc.func("bind", "int", ["int", "void *", "int"]),
  listen: libc.func("listen", "int", ["int", "int"]),
  connect: libc.func("connect", "int", ["int", "void *", "int"]),
  setsockopt: libc.func("setsockopt", "int", ["int", "int", "int", "void *", "int"]),
  getsockname: libc.func("getsockname", "int", ["int", "void *", "void *"]),
  socketpair: libc.func("socketpair", "int", ["int", "int", "int", "void *"]),
  sendmsg: libc.func("sendmsg", "long", ["int", "void *", "int"]),
  recvmsg: libc.func("recvmsg", "long", ["int", "void *", "int"]),
  fcntl: libc.func("fcntl", "int", ["int", "int", "..."]),
};

const af = { unix: 1, inet: 2, inet6: 10 };
const sock = { stream: 1, seqpacket: 5, nonblock: 0o4000, cloexec: 0o2000000 };
const sol = { socket: 1, ipv6: 41 };
const so = { reuseaddr: 2, reuseport: 15, ipv6Only: 26 };
const scmRights = 1;
const fGetfl = 3;
const fSetfl = 4;
const fDupfdCloexec = 1030;
const oAppend = 0o2000;
const msgCmsgCloexec = 0x40000000;
const msgDontwait = 0x40;
const msgCtrunc = 0x8;

/** Descriptors that one message may carry (the kernel's SCM_MAX_FD is 253). */
export const maxDescriptorsPerMessage = 250;

/** A system call failed. `code` is the error's name, such as `EADDRINUSE`. */
export class SystemError extends Error {
  readonly code: string;
  readonly syscall: string;

  constructor(syscall: string, errno: number) {
    const [code, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, "unknown error"];
    super(`${text} (${code} from ${syscall})`);
    this.code = code;
    this.syscall = syscall;
  }
}

function checked(syscall: string, result: number): number {
  if (result < 0) throw new SystemError(syscall, koffi.errno());
  return result;
}

/** A new stream socket of the address's family: non-blocking, closed on exec. */
export function streamSocket(address: Address): number {
  const type = sock.stream | sock.nonblock | sock.cloexec;
  return checked("socket", c.socket(familyOf(address), type, 0));
}

function familyOf(address: Address): number {
  if (address.kind === "pipe") return af.unix;
  return address.family === 4 ? af.inet : af.inet6;
}

/** `SO_REUSEADDR`: bind although old connections of the port linger. */
export function setReuseAddress(fd: number): void {
  setOption(fd, sol.socket, so.reuseaddr, 1);
}

/** `SO_REUSEPORT`: several sockets on one port; the kernel spreads connections over them. */
export function setReusePort(fd: number): void {
  setOption(fd, sol.socket, so.reuseport, 1);
}

/** `IPV6_V6ONLY`: whether an IPv6 socket leaves IPv4 alone. */
export function setIpv6Only(fd: number, on: boolean): void {
  setOption(fd, sol.ipv6, so.ipv6Only, on ? 1 : 0);
}

function setOption(fd: number, level: number, option: number, value: number): void {
  const data = Buffer.alloc(4);
  data.writeInt32LE(value);
  checked("setsockopt", c.setsockopt(fd, level, option, data, 4));
}

export function bindSocket(fd: number, address: Address): void {
  const name = socketAddress(address);
  checked("bind", c.bind(fd, name, name.length));
}

export function listenSocket(fd: number, backlog: number): void {
  checked("listen", c.listen(fd, backlog));
}

/** Whether somebody listens on this Unix socket: `ECONNREFUSED` means a stale file, `ENOENT` none. */
export function probePipe(address: PipeAddress): "answers" | "stale" | "absent" {
  const fd = streamSocket(address);
  try {
    const name = socketAddress(address);
    if (c.connect(fd, name, name.length) === 0) return "answers";
    const { code } = new SystemError("connect", koffi.errno());
    if (code === "ECONNREFUSED") return "stale";
    // Anything else (a full queue, no permission, not a stream socket) means that it is not ours to remove.
    return code === "ENOENT" ? "absent" : "answers";
  } finally {
    closeSync(fd);
  }
}

/** Where an IP socket is bound: the port that the kernel chose for port 0. */
export function boundAddress(fd: number): IpAddress {
  const name = Buffer.alloc(28);
  const length = Buffer.alloc(4);
  length.writeInt32LE(name.length);
  checked("getsockname", c.getsockname(fd, name, length));
  const port = name.readUInt16BE(2);
  if (name.readUInt16LE(0) === af.inet) {
    return { kind: "ip", ip: name.subarray(4, 8).join("."), port, family: 4 };
  }
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(name.readUInt16BE(8 + i).toString(16));
  const canonical = canonicalIp(groups.join(":"));
  if (canonical === undefined) throw new Error("getsockname gave no IP address");
  return { kind: "ip", ip: canonical.ip, port, family: canonical.family };
}

/** `sockaddr_in`, `sockaddr_in6` or `sockaddr_un`. A pipe's path is at most 107 bytes. */
function socketAddress(address: Address): Buffer {
  if (address.kind === "pipe") return pipeSocketAddress(address.path);
  const name = Buffer.alloc(address.family === 4 ? 16 : 28);
  name.writeUInt16LE(familyOf(address), 0);
  name.writeUInt16BE(address.port, 2);
  if (address.family === 4) {
    for (const [i, part] of address.ip.split(".").entries()) name[4 + i] = Number(part);
  } else {
    ipv6Bytes(address.ip).copy(name, 8);
  }
  return name;
}

function pipeSocketAddress(path: string): Buffer {
  const bytes = Buffer.from(path);
  if (bytes.length > maxPipePathBytes)
    throw new SystemError("bind", koffi.os.errno["ENAMETOOLONG"]!);
  const abstract = path.startsWith("@");
  // An abstract name has a NUL in place of the @ and none at its end.
  const name = Buffer.alloc(2 + bytes.length + (abstract ? 0 : 1));
  name.writeUInt16LE(af.unix, 0);
  bytes.copy(name, 2);
  if (abstract) name[2] = 0;
  return name;
}

/** Bytes that `sockaddr_un` has for a path, without its NUL. */
export const maxPipePathBytes = 107;

function ipv6Bytes(ip: string): Buffer {
  const [head = "", tail] = ip.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const bytes = Buffer.alloc(16);
  for (const [i, group] of left.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), i * 2);
  for (const [i, group] of right.entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), 16 - (right.length - i) * 2);
  }
  return bytes;
}

/** A duplicate of `fd`, closed on exec. */
export function duplicate(fd: number): number {
  return checked("fcntl", c.fcntl(fd, fDupfdCloexec, "int", 0));
}

/** Lets writes to `fd` go to its end, for everybody who shares it: several processes write one log. */
export function appendOnly(fd: number): void {
  const flags = checked("fcntl", c.fcntl(fd, fGetfl, "int", 0));
  checked("fcntl", c.fcntl(fd, fSetfl, "int", flags | oAppend));
}

/** Gives unused memory of all threads' C heaps back to the system. Where libc cannot (musl), nothing happens. */
export function trimHeap(): void {
  try {
    libc.func("malloc_trim", "int", ["size_t"])(0);
  } catch {
    return;
  }
}

/** Two connected sockets that keep message borders, closed on exec. */
export function socketPair(): [number, number] {
  const pair = Buffer.alloc(8);
  const type = sock.seqpacket | sock.nonblock | sock.cloexec;
  checked("socketpair", c.socketpair(af.unix, type, 0, pair));
  return [pair.readInt32LE(0), pair.readInt32LE(4)];
}

/** Sends duplicates of `fds` (at most `maxDescriptorsPerMessage`) to whoever has the other end. */
export function sendDescriptors(channel: number, fds: readonly number[]): void {
  const control = Buffer.alloc(controlSize(fds.length));
  control.writeBigUInt64LE(BigInt(cmsgHeader + fds.length * 4), 0);
  control.writeInt32LE(sol.socket, 8);
  control.writeInt32LE(scmRights, 12);
  for (const [i, fd] of fds.entries()) control.writeInt32LE(fd, cmsgHeader + i * 4);
  const message = new Message(control);
  checked("sendmsg", c.sendmsg(channel, message.header, msgDontwait));
  message.keep();
}

/** The descriptors of one message that has already arrived; they are closed on exec. */
export function receiveDescriptors(channel: number): number[] {
  const control = Buffer.alloc(controlSize(maxDescriptorsPerMessage));
  const message = new Message(control);
  checked("recvmsg", c.recvmsg(channel, message.header, msgDontwait | msgCmsgCloexec));
  message.keep();
  if (message.received === 0) throw new Error("the message carried no descriptors");
  const end = Number(control.readBigUInt64LE(0));
  const fds: number[] = [];
  for (let at = cmsgHeader; at < end; at += 4) fds.push(control.readInt32LE(at));
  if ((message.flags & msgCtrunc) !== 0) {
    for (const fd of fds) closeSync(fd);
    throw new Error("descriptors were lost: the limit of open files is too low");
  }
  return fds;
}

const cmsgHeader = 16;

function controlSize(descriptors: number): number {
  return cmsgHeader + Math.ceil((descriptors * 4) / 8) * 8;
}

/** A `msghdr` with one byte of data (without any the kernel would send nothing) and a control part. */
class Message {
  readonly header = Buffer.alloc(56);
  readonly #vector = Buffer.alloc(16);
  readonly #data = Buffer.alloc(1);
  readonly #control: Buffer;

  constructor(control: Buffer) {
    this.#control = control;
    this.#vector.writeBigUInt64LE(koffi.address(this.#data), 0);
    this.#vector.writeBigUInt64LE(1n, 8);
    this.header.writeBigUInt64LE(koffi.address(this.#vector), 16);
    this.header.writeBigUInt64LE(1n, 24);
    this.header.writeBigUInt64LE(koffi.address(control), 32);
    this.header.writeBigUInt64LE(BigInt(control.length), 40);
  }

  /** Bytes of control data that arrived. */
  get received(): number {
    return Number(this.header.readBigUInt64LE(40));
  }

  get flags(): number {
    return this.header.readInt32LE(48);
  }

  /** Called after the system call: until then the buffers are only known by address. */
  keep(): number {
    return this.#vector.length + this.#data.length + this.#control.length;
  }
}
