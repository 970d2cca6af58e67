// Makes host/docs/configuration.md out of the table of field classes. Run as a program, it writes the page:
//   node -C sluice-source test/tools/configuration-page.ts
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { fieldClasses } from "../../host/src/config/field-classes/index.ts";
import { schema } from "../../host/src/config/schema.ts";

export const configurationPage = fileURLToPath(
  new URL("../../host/docs/configuration.md", import.meta.url),
);

const introduction = `# Configuration

Sluice reads Envoy's bootstrap: YAML (\`.yaml\`, \`.yml\`), JSON (any other name) or a serialised
\`envoy.config.bootstrap.v3.Bootstrap\` (\`.pb\`). At most 64 MiB, nested at most 100 levels deep; of a YAML file the
first document. \`--config-yaml\` is merged over the file: lists are appended, single values replaced.

All problems are reported at once, each with \`file:line:column\`, the path in the configuration, and how to mend it.

Every field of every message has one of three classes:

- **works**: as Envoy documents it;
- **no effect**: accepted, because nothing here depends on it; Sluice says so once at start;
- **refused**: the configuration is refused, and the message names the field. Fields of messages that are not
  listed are refused too.

In resources that come by discovery, fields that are not known at all are counted
(\`server.dynamic_unknown_fields\`) and skipped, because control planes are newer than proxies.

Where Envoy and YAML surprise: \`yes\`, \`no\`, \`on\`, \`off\`, \`y\` and \`n\` without quotes are booleans; \`010\` is 8; a
duration is text with an \`s\` (\`"0.25s"\`). A field or key that stands twice is refused (in Envoy the last one wins).

This page is made by \`test/tools/configuration-page.ts\` from \`host/src/config/field-classes/\`.
`;

/** The page's text. */
export function makeConfigurationPage(): string {
  const messages = fieldClasses.messages.map((name) => schema().message(name));
  const sections = messages.filter((message) => message.fields.length > 0).map(messageSection);
  return `${introduction}\n${sections.join("\n")}`;
}

function messageSection(message: DescMessage): string {
  const parts = [`## ${message.typeName}`];
  const inClass = (wanted: string): DescField[] =>
    message.fields.filter((f) => fieldClasses.of(message.typeName, f.name).class === wanted);
  const works = inClass("implemented");
  if (works.length > 0) parts.push(`Works: ${works.map(quoted).join(", ")}.`);
  const harmless = inClass("harmless");
  if (harmless.length > 0) parts.push(`No effect:\n\n${reasons(message, harmless)}`);
  const refused = inClass("refused");
  if (refused.length > 0) parts.push(`Refused:\n\n${reasons(message, refused)}`);
  return `${parts.join("\n\n")}\n`;
}

const quoted = (field: DescField): string => `\`${field.name}\``;

/** A line for each reason, with the fields that share it. */
function reasons(message: DescMessage, fields: readonly DescField[]): string {
  const groups = Map.groupBy(fields, (field) => {
    const found = fieldClasses.of(message.typeName, field.name);
    return found.class === "implemented" ? "" : found.text;
  });
  return [...groups]
    .map(([text, group]) => `- ${group.map(quoted).join(", ")}${text === "" ? "" : `: ${text}`}`)
    .join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  fs.writeFileSync(configurationPage, makeConfigurationPage());
}
