/**
 * `node:tls`, for modules that every thread loads: with an `import` it would take some 10 ms of each thread's start, also
 * where nothing is encrypted.
 */
export function nodeTls(): typeof import("node:tls") {
  return process.getBuiltinModule("node:tls");
}
