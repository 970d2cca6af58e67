import assert from "node:assert/strict";
import { test } from "node:test";
import { importedPaths, mergeProto } from "../../../host/proto/merge.js";

const base = `syntax = "proto3";

package a.v1;

import "x.proto";

// A comment with { braces } and "quotes.
option (file) = {note: "}"};

message M {
  enum Kind {
    ONE = 0;
  }

  oneof choice {
    option (required) = true;

    string first = 1 [(rules).string = {min_len: 1}];
  }

  /* oneof choice { */
  message Inner {
  }

  string second = 2 [
    (rules).string = {pattern: "[{;]"}
  ];
  reserved 9;
}

service S {
  rpc Call(M) returns (M) {
    option (http) = {get: "/"};
  }
}
`;

/** Without what is only layout. */
const squeezed = (text: string): string => text.replaceAll(/\s+/g, " ");

function merged(overlay: string): string {
  return squeezed(mergeProto(base, `syntax = "proto3";\npackage a.v1;\n${overlay}`));
}

test("mergeProto() adds fields, values, oneof fields and messages where they belong", () => {
  const text = merged(`
message M {
  enum Kind { TWO = 1; }
  oneof choice { string third = 3; }
  message Inner { bool deep = 1; }
  message Other { bool deep = 1; }
  string fourth = 4;
}
message N {}
`);
  const parts = [
    "enum Kind { ONE = 0; TWO = 1; }",
    "string first = 1 [(rules).string = {min_len: 1}]; string third = 3; }",
    "message Inner { bool deep = 1; }",
    "reserved 9; string fourth = 4; message Other { bool deep = 1; } }",
    "} message N {}",
  ];
  for (const part of parts) assert.ok(text.includes(part), `${part} in ${text}`);
});

test("mergeProto() replaces fields and options that the base has", () => {
  const text = merged(`
message M {
  oneof choice { option (required) = false; }
  string second = 2 [deprecated = true];
}
`);
  assert.ok(text.includes("oneof choice { option (required) = false; string first = 1"));
  assert.ok(text.includes("string second = 2 [deprecated = true]; reserved 9;"));
  assert.ok(!text.includes("pattern"));
});

test("mergeProto() joins imports", () => {
  const text = mergeProto(base, 'package a.v1;\nimport "x.proto";\nimport "y.proto";\n');
  assert.deepEqual(importedPaths(text).sort(), ["x.proto", "y.proto"]);
});

test("mergeProto() leaves the base alone when there is nothing to add", () => {
  assert.equal(mergeProto(base, 'syntax = "proto3";\npackage a.v1;\n'), base);
});

test("mergeProto() throws on what is no proto", () => {
  assert.throws(() => mergeProto(base, "message M { string"), /unfinished statement/);
});
