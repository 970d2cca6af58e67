import type { SslConnectionInfo, SubjectName } from "../../../contracts/network/connection.ts";
import type { HostFunction, LuaEngine } from "../engine/lua-engine.ts";
import type { HookObjects } from "../hook-objects.ts";
import { type LuaObject, type LuaObjects, LuaTypeId } from "./lua-objects.ts";
import type { MethodTable } from "./type-definition.ts";
import { bytesOfText } from "./values.ts";

/** `downstreamSslConnection()`: what the handshake has brought. */
export class SslObject implements LuaObject {
  readonly type = LuaTypeId.Ssl;
  readonly owner: HookObjects;
  readonly ssl: SslConnectionInfo;

  constructor(owner: HookObjects, ssl: SslConnectionInfo) {
    this.owner = owner;
    this.ssl = ssl;
  }
}

/** `parsedSubjectPeerCertificate()`. */
class SubjectObject implements LuaObject {
  readonly type = LuaTypeId.SslSubject;
  readonly subject: SubjectName;

  constructor(subject: SubjectName) {
    this.subject = subject;
  }
}

type Properties<T> = { readonly [method: string]: (ssl: SslConnectionInfo) => T };

const flags: Properties<boolean> = {
  peerCertificatePresented: (ssl) => ssl.peerCertificatePresented,
  peerCertificateValidated: (ssl) => ssl.peerCertificateValidated,
};

const lists: Properties<readonly string[]> = {
  uriSanPeerCertificate: (ssl) => ssl.uriSansPeerCertificate,
  uriSanLocalCertificate: (ssl) => ssl.uriSansLocalCertificate,
  dnsSansPeerCertificate: (ssl) => ssl.dnsSansPeerCertificate,
  dnsSansLocalCertificate: (ssl) => ssl.dnsSansLocalCertificate,
  oidsPeerCertificate: (ssl) => ssl.oidsPeerCertificate,
  oidsLocalCertificate: (ssl) => ssl.oidsLocalCertificate,
};

const texts: Properties<string> = {
  sha256PeerCertificateDigest: (ssl) => ssl.sha256PeerCertificateDigest,
  serialNumberPeerCertificate: (ssl) => ssl.serialNumberPeerCertificate,
  issuerPeerCertificate: (ssl) => ssl.issuerPeerCertificate,
  subjectPeerCertificate: (ssl) => ssl.subjectPeerCertificate,
  subjectLocalCertificate: (ssl) => ssl.subjectLocalCertificate,
  urlEncodedPemEncodedPeerCertificate: (ssl) => ssl.urlEncodedPemPeerCertificate,
  urlEncodedPemEncodedPeerCertificateChain: (ssl) => ssl.urlEncodedPemPeerCertificateChain,
  sessionId: (ssl) => ssl.sessionId,
  ciphersuiteId: (ssl) => `0x${ssl.ciphersuiteId.toString(16).padStart(4, "0")}`,
  ciphersuiteString: (ssl) => ssl.ciphersuite,
  tlsVersion: (ssl) => ssl.tlsVersion,
};

const seconds: Properties<number> = {
  validFromPeerCertificate: (ssl) => ssl.validFromPeerCertificate,
  expirationPeerCertificate: (ssl) => ssl.expirationPeerCertificate,
};

/** The methods of TLS connections: each gives one property. */
export function sslMethods(engine: LuaEngine, objects: LuaObjects): MethodTable {
  const { api } = engine;
  const self = (L: number): SslObject => objects.check(L, 1, LuaTypeId.Ssl);
  const methods: { [name: string]: HostFunction } = {};
  const define = <T>(properties: Properties<T>, push: (L: number, value: T) => void): void => {
    for (const [name, get] of Object.entries(properties)) {
      methods[name] = (L) => {
        push(L, get(self(L).ssl));
        return 1;
      };
    }
  };
  define(flags, (L, value) => api.lua_pushboolean(L, value ? 1 : 0));
  define(lists, (L, value) => pushList(engine, L, value));
  define(texts, (L, value) => engine.pushString(L, bytesOfText(value)));
  define(seconds, (L, value) => api.lua_pushnumber(L, value));
  methods["parsedSubjectPeerCertificate"] = (L) => {
    const { owner, ssl } = self(L);
    const subject = ssl.parsedSubjectPeerCertificate;
    if (subject === undefined) api.lua_pushnil(L);
    else owner.keepForSlice(objects.push(L, new SubjectObject(subject)));
    return 1;
  };
  return { methods, metamethods: {} };
}

export function sslSubjectMethods(engine: LuaEngine, objects: LuaObjects): MethodTable {
  const self = (L: number): SubjectObject => objects.check(L, 1, LuaTypeId.SslSubject);
  return {
    methods: {
      commonName: (L) => {
        engine.pushString(L, bytesOfText(self(L).subject.commonName));
        return 1;
      },
      organizationName: (L) => pushList(engine, L, self(L).subject.organizationNames),
    },
    metamethods: {},
  };
}

function pushList(engine: LuaEngine, L: number, texts: readonly string[]): number {
  engine.api.lua_createtable(L, texts.length, 0);
  texts.forEach((text, i) => {
    engine.pushString(L, bytesOfText(text));
    engine.api.lua_rawseti(L, -2, BigInt(i + 1));
  });
  return 1;
}
