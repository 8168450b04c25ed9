import { expect, test } from "vitest";

import { RetryPolicy, reconnectDelay, renewalDelay, stopReason } from "@/realtime/retry";

test("waits with full jitter up to a limit that doubles until 30 s", () => {
  expect([0, 1, 2, 5, 6, 50].map((tries) => reconnectDelay(tries, 1))).toEqual([500, 1_000, 2_000, 16_000, 30_000, 30_000]);
  expect(reconnectDelay(3, 0)).toBe(0);
  expect(reconnectDelay(3, 0.25)).toBe(1_000);
});

test("comes back after every close below 4500, and stops from there on", () => {
  for (const code of [1000, 1001, 1006, 1011, 1012, 4001, 4008, 4010, 4029]) expect(stopReason(code, "")).toBeNull();
  expect(stopReason(4500, "")).toBe("logged_out");
  expect(stopReason(4500, "role_changed")).toBe("logged_out");
  expect(stopReason(4500, "closed_by_admin")).toBe("closed_by_admin");
  expect(stopReason(4503, "")).toBe("connection_limit");
  expect(stopReason(4999, "")).toBe("stopped");
});

test("comes back with another ticket after 1008, but for a disabled user", () => {
  expect(stopReason(1008, "expired_token")).toBeNull();
  expect(stopReason(1008, "user_disabled")).toBe("user_disabled");
});

test("does what the server advises, once, and not before it said", () => {
  const policy = new RetryPolicy(() => 0.5);
  policy.advise({ type: "reconnect_advice", timestamp: "", reason: "restart", delay_min_ms: 100, delay_max_ms: 300 });
  policy.hold(1_000);
  expect(policy.nextDelay()).toBe(1_200);
  expect(policy.nextDelay()).toBe(500); // the second try, half of a second
  policy.reset();
  expect(policy.nextDelay()).toBe(250);
});

test("renews in the first half of the time that is left", () => {
  const warning = {
    type: "token_expiring" as const, timestamp: "2026-01-01T00:00:00.000Z", expires_at: "2026-01-01T00:01:00.000Z",
  };
  expect(renewalDelay(warning, 1)).toBe(30_000);
  expect(renewalDelay({ ...warning, expires_at: "2025-12-31T00:00:00.000Z" }, 1)).toBe(0);
});
