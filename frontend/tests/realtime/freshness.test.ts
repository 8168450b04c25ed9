import { expect, test } from "vitest";

import { freshnessOf, type ConnectionStatus } from "@/realtime";

function status(more: Partial<ConnectionStatus>): ConnectionStatus {
  return { phase: "online", reason: null, retryAt: null, lastFrameAt: 0, ...more };
}

test("is live while something comes, and stale when nothing does", () => {
  expect(freshnessOf(status({}), 13_900)).toEqual({ kind: "live", ageS: 13 });
  expect(freshnessOf(status({}), 14_000)).toEqual({ kind: "stale", ageS: 14 });
});

test("says how long it waits, never less than nothing", () => {
  expect(freshnessOf(status({ phase: "waiting", retryAt: 5_000 }), 2_500)).toEqual({ kind: "waiting", ageS: 2, inS: 3 });
  expect(freshnessOf(status({ phase: "waiting", retryAt: 5_000 }), 9_000)).toMatchObject({ inS: 0 });
});

test("knows no age before the first frame", () => {
  expect(freshnessOf(status({ phase: "connecting", lastFrameAt: null }), 9_000)).toEqual({ kind: "connecting", ageS: null });
});
