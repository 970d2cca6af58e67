import { copyFileSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { tlsFile } from "./tls.ts";

/** A certificate and its key as files that change: `tls.crt` and `tls.key` of a folder. */
export interface RotatedFiles {
  readonly folder: string;
  /** `TlsCertificate` */
  certificate(more?: JsonObject): JsonObject;
  /** Puts another certificate of the test material there. */
  rotate(name: string): void;
}

function certificateIn(folder: string, more: JsonObject = {}): JsonObject {
  return {
    certificate_chain: { filename: path.join(folder, "tls.crt") },
    private_key: { filename: path.join(folder, "tls.key") },
    ...more,
  };
}

/** Moves a file of the test material into the place of another. */
export function moveMaterial(name: string, file: string): void {
  copyFileSync(tlsFile(name), `${file}.next`);
  renameSync(`${file}.next`, file);
}

/** Each file is replaced by a move. */
export function movedFiles(parent: string, name: string, initial: string): RotatedFiles {
  const folder = path.join(parent, name);
  mkdirSync(folder);
  const rotate = (certificate: string): void => {
    moveMaterial(`${certificate}-cert.pem`, path.join(folder, "tls.crt"));
    moveMaterial(`${certificate}-key.pem`, path.join(folder, "tls.key"));
  };
  rotate(initial);
  return { folder, certificate: (more) => certificateIn(folder, more), rotate };
}

/** As Kubernetes mounts a Secret: the files are links into `..data`, a link that is replaced as a whole. */
export function mountedFiles(parent: string, name: string, initial: string): RotatedFiles {
  const folder = path.join(parent, name);
  mkdirSync(folder);
  let version = 0;
  const rotate = (certificate: string): void => {
    version += 1;
    const data = `..version-${version}`;
    mkdirSync(path.join(folder, data));
    copyFileSync(tlsFile(`${certificate}-cert.pem`), path.join(folder, data, "tls.crt"));
    copyFileSync(tlsFile(`${certificate}-key.pem`), path.join(folder, data, "tls.key"));
    symlinkSync(data, path.join(folder, "..data_tmp"));
    renameSync(path.join(folder, "..data_tmp"), path.join(folder, "..data"));
  };
  rotate(initial);
  for (const file of ["tls.crt", "tls.key"]) symlinkSync(`..data/${file}`, path.join(folder, file));
  return { folder, certificate: (more) => certificateIn(folder, more), rotate };
}
