import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { parseFrame, type Handlers } from "@/realtime/protocol";

const FOLDER = fileURLToPath(new URL("../../src/realtime/", import.meta.url));

// @ts-expect-error a type of frame that nobody handles does not compile
const incomplete: Handlers<"ping" | "pong"> = { ping: () => {} };

test("the type check sees a frame that is not handled", () => {
  expect(Object.keys(incomplete)).toEqual(["ping"]); // the line above is the test; `npm run check` runs it
});

test("a frame is an object with a type, whatever else it has", () => {
  expect(parseFrame('{"type": "ping", "more": 1}')).toEqual({ type: "ping", more: 1 });
  expect(parseFrame('{"type": "task_of_the_future"}')).not.toBeNull();
  for (const text of ["", "{", "null", "[]", '"ping"', "{}", '{"type": 1}', new ArrayBuffer(2)]) {
    expect(parseFrame(text)).toBeNull();
  }
});

test("the library imports itself and the generated contracts, no framework", () => {
  const imported = readdirSync(FOLDER).flatMap((name) =>
    [...readFileSync(FOLDER + name, "utf-8").matchAll(/from "([^"]+)"/g)].map(([, path]) => path!),
  );
  expect(imported.length).toBeGreaterThan(20);
  expect(imported.filter((path) => !path.startsWith("./") && !path.startsWith("../generated/"))).toEqual([]);
});
