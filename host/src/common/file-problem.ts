import { closeSync, fstatSync, openSync } from "node:fs";

/** What the errors of the operating system mean to somebody who has named a file, and what mends them. */
const meanings: { readonly [code: string]: string } = {
  ENOENT: "there is no such file or folder: is the path right?",
  EISDIR: "this is a folder: give a file",
  EEXIST: "there is a file of this name already",
  ENOTDIR: "a part of the path is a file, not a folder: is the path right?",
  EACCES: "access is denied: let this user open it, by chmod or chown",
  EPERM: "the system does not allow it",
  EROFS: "the file system is read-only: choose another place",
  ENOSPC: "there is no space left on the device",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "its symbolic links lead in a circle",
  ENXIO: "this is a socket, or a pipe without a writer: give a file",
};

/** `ENOENT` and the like; empty for other errors. */
export function systemErrorCode(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "string" ? code : "";
}

/** Why a file cannot be read or written: `<file>: what is wrong: what mends it`, without the calls of the system. */
export function fileProblem(file: string, error: unknown): string {
  const meaning = meanings[systemErrorCode(error)];
  return `${file}: ${meaning ?? (error instanceof Error ? error.message : String(error))}`;
}

/** Why this is no file that can be read; undefined: it is one. */
export function unreadable(file: string): string | undefined {
  try {
    const opened = openSync(file, "r");
    try {
      return fstatSync(opened).isDirectory() ? `${file}: ${meanings["EISDIR"]}` : undefined;
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    return fileProblem(file, error);
  }
}
