import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser } from "../src/sse.js";

const STREAM = new TextEncoder().encode(
  "\ufeffdata: first\n\n: a comment\nevent: job\r\nid: 7\r\ndata: a\r\ndata:b\r\n\r\n" +
    "retry: 1500\rdata\rid\r\r\nevent: nothing\n\n" +
    "id: 9\0\nretry: 5s\ndata:  two spaces\u2028ü\n\ndata: is not complete\n",
);

for (const size of [1, 2, 3, 7, 10_000]) {
  test(`events are read from chunks of ${size}`, () => {
    const parser = new EventParser();
    const events = [];
    for (let at = 0; at < STREAM.length; at += size) {
      events.push(...parser.feed(STREAM.subarray(at, at + size)));
    }
    assert.deepEqual(events, [
      { type: "message", data: "first", lastEventId: "" },
      { type: "job", data: "a\nb", lastEventId: "7" },
      { type: "message", data: "", lastEventId: "" },
      { type: "message", data: " two spaces\u2028ü", lastEventId: "" },
    ]);
    assert.equal(parser.retryMilliseconds, 1500);
  });
}
