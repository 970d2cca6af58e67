// Modules that are small and valid, but cost an engine far more than their size. All must be refused before the
// engine sees them. (test/endurance/guest-faults.ts prints how long that takes.)
import assert from "node:assert/strict";
import { test } from "node:test";
import { rewriteModule } from "../../host/src/guest/limits/rewriter.ts";
import { compileBombs } from "../support/compile-bombs.ts";

for (const [name, [make, text]] of Object.entries(compileBombs)) {
  test(`rewriteModule() refuses ${name}`, () => {
    const bytes = make();
    const validate = WebAssembly.validate;
    // The engine must not be asked.
    WebAssembly.validate = () => assert.fail("the engine was asked to validate");
    try {
      const result = rewriteModule(bytes);
      assert.ok(!result.ok, "the module was accepted");
      assert.match(result.error, text);
    } finally {
      WebAssembly.validate = validate;
    }
  });
}
