import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OwnedBuffer } from "../../../host/src/common/data-buffer.ts";
import { FrameCounter } from "../../../host/src/grpc/frame-counter.ts";
import { frame } from "../../../host/src/grpc/framing.ts";

test("FrameCounter.inspect() counts messages however the body is cut, and leaves it as it is", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 8 });
  const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
  fc.assert(
    fc.property(sizes, cuts, (messages, pieces) => {
      const body = Buffer.concat(messages.map((size) => frame(Buffer.alloc(size))));
      const counter = new FrameCounter();
      let begun = 0;
      for (let at = 0, i = 0; at < body.length; i += 1) {
        const size = pieces[i % pieces.length]!;
        const data = OwnedBuffer.of(body.subarray(at, at + size));
        const before = data.length;
        begun += counter.inspect(data);
        assert.equal(data.length, before);
        at += size;
      }
      assert.deepEqual([begun, counter.count], [messages.length, messages.length]);
    }),
  );
});
