/** The rule for the user's notifications: what is asked for, what is taken, and what a refusal means. */

import { describe, expect, test } from "vitest";

import type { FrameOf, ServerFrame } from "@/realtime";
import { FeedSubscription } from "@/realtime/feedSubscription";
import type { FeedFrame } from "@/realtime/protocol";

import { at } from "../support/frames";

let ids = 0;
const newId = () => `c${(ids += 1)}`;

function result(id: string | undefined, more: Partial<FrameOf<"topic_result">> = {}): FrameOf<"topic_result"> {
  const common = { type: "topic_result", timestamp: at(0), topic: "notifications", action: "subscribe", success: true, epoch: "0" } as const;
  return { ...common, ...(id === undefined ? {} : { id }), ...more };
}

function notification(seq: number, prev_seq = seq - 1): FeedFrame {
  return { type: "notification", timestamp: at(0), seq, prev_seq, notification: {} } as unknown as FeedFrame;
}

function state(seq: number): FeedFrame {
  return { type: "notification_state", timestamp: at(0), seq, unread: 1, read_revision: 0 };
}

function refusal(id: string, code: string, more = {}): FrameOf<"error"> {
  return { type: "error", timestamp: at(0), code, message: "", fatal: false, id, ...more } as Extract<ServerFrame, { type: "error" }>;
}

function placed(last = 5): FeedSubscription {
  const subscription = new FeedSubscription();
  const { id } = subscription.nextCommand(0, newId)!;
  expect(subscription.receive(result(id!, { seq: last }))).toBe("reset");
  return subscription;
}

describe("a subscription", () => {
  test("begins with what is new, and goes on from its position in its epoch", () => {
    const subscription = new FeedSubscription();
    expect(subscription.nextCommand(0, newId)).toEqual({ type: "subscribe", topic: "notifications", id: `c${ids}` });
    expect(subscription.nextCommand(0, newId)).toBeNull();
    expect(subscription.receive(result(`c${ids}`, { seq: 5, epoch: "e" }))).toBe("reset");
    expect([subscription.last, subscription.placed]).toEqual([5, true]);
    expect(subscription.receive(notification(6))).toBe("notification");
    subscription.disconnected();
    expect(subscription.nextCommand(0, newId)).toMatchObject({ type: "subscribe", last_seq: 6, epoch: "e" });
    expect(subscription.receive(result(`c${ids}`, { seq: 6, recovered: true }))).toBe("settled");
    expect(subscription.receive(notification(7))).toBe("notification");
  });

  test("drops what it has, and asks again when one is missing", () => {
    const subscription = placed();
    expect(subscription.receive(notification(6))).toBe("notification");
    expect(subscription.receive(notification(6))).toBe("ignore");
    expect(subscription.receive(notification(9, 6))).toBe("notification"); // those between are no longer kept
    expect(subscription.receive(state(9))).toBe("state");
    expect(subscription.receive(notification(12, 11))).toBe("gap");
    expect(subscription.nextCommand(0, newId)).toMatchObject({ type: "subscribe", last_seq: 9 });
    expect(subscription.receive(notification(13, 12))).toBe("ignore"); // before the answer
    expect(subscription.receive(state(13))).toBe("ignore");
    expect(subscription.receive(result("another"))).toBe("ignore");
    expect(subscription.receive(result(`c${ids}`, { seq: 9, recovered: true }))).toBe("settled");
    expect(subscription.receive(notification(10, 9))).toBe("notification");
  });

  test("begins anew where the server says so, unasked too", () => {
    const subscription = placed();
    expect(subscription.receive(result(undefined, { seq: 2, recovered: false, reason: "epoch", epoch: "e" }))).toBe("reset");
    expect([subscription.last, subscription.epoch]).toEqual([2, "e"]);
    expect(subscription.receive(notification(3))).toBe("notification");
  });

  test("takes numbers of another user for no position", () => {
    const subscription = placed();
    subscription.enter("u");
    expect(subscription.last).toBeNull();
    subscription.last = 7;
    subscription.enter("u");
    expect(subscription.last).toBe(7);
  });

  test.each(["unknown_type", "insufficient_scope", "invalid_field"])("that is refused with %s is not asked for again before the next connection", (code) => {
    const subscription = new FeedSubscription();
    const { id } = subscription.nextCommand(0, newId)!;
    expect(subscription.refuse(refusal("another", code), 0)).toBe("ignore");
    expect(subscription.refuse(refusal(id!, code), 0)).toBe("refused");
    expect(subscription.nextCommand(1e9, newId)).toBeNull();
    subscription.disconnected();
    expect(subscription.nextCommand(1e9, newId)).toMatchObject({ type: "subscribe" });
  });

  test("whose feed is damaged has none on this connection", () => {
    const subscription = placed();
    const error = { code: "database_damaged", message: "" } as const;
    expect(subscription.receive(result(undefined, { action: "unsubscribe", error }))).toBe("refused");
    expect([subscription.placed, subscription.nextCommand(1e9, newId)]).toEqual([false, null]);
  });

  test("that is refused for a moment waits longer each time, and that without an answer is sent again", () => {
    const subscription = new FeedSubscription();
    subscription.nextCommand(0, newId);
    const busy = { success: false, error: { code: "server_busy", message: "" } } as const;
    expect(subscription.receive(result(`c${ids}`, busy))).toBe("settled");
    expect(subscription.nextCommand(999, newId)).toBeNull();
    expect(subscription.nextCommand(1_000, newId)).not.toBeNull();
    expect(subscription.refuse(refusal(`c${ids}`, "rate_limited", { retry_after_ms: 5_000 }), 1_000)).toBe("settled");
    expect(subscription.nextCommand(5_999, newId)).toBeNull();
    expect(subscription.nextCommand(6_000, newId)).not.toBeNull();
    expect(subscription.nextCommand(15_999, newId)).toBeNull();
    expect(subscription.nextCommand(16_000, newId)).toMatchObject({ type: "subscribe" });
  });

  test("that is not wanted any more is ended, whatever the answer says", () => {
    const subscription = placed();
    subscription.wanted = false;
    expect(subscription.finished).toBe(false);
    expect(subscription.nextCommand(0, newId)).toMatchObject({ type: "unsubscribe", topic: "notifications" });
    expect(subscription.receive(result(`c${ids}`, { action: "unsubscribe", success: false }))).toBe("settled");
    expect(subscription.finished).toBe(true);
    expect(subscription.nextCommand(0, newId)).toBeNull();
  });
});
