/**
 * A reporter for `node --test` that gives the files in which a test failed, one a line; tests marked `todo` do not
 * count.
 */
export default async function* failedFiles(events) {
  const files = new Set();
  for await (const { type, data } of events) {
    if (type === "test:fail" && data.todo === undefined && data.file) files.add(data.file);
  }
  for (const file of files) yield `${file}\n`;
}
