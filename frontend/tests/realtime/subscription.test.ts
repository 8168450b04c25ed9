import { describe, expect, test } from "vitest";

import { ANSWER_TIMEOUT_MS, TaskSubscription } from "@/realtime/subscription";
import type { SubscriptionResult } from "@/generated/frames";

import { TASK, completed, progress, snapshot } from "../support/frames";

const OPTIONS = { topics: ["progress", "logs"] as const, logTail: 200 };

function subscription(): TaskSubscription {
  return new TaskSubscription(TASK, { ...OPTIONS, topics: [...OPTIONS.topics] });
}

function result(id: string, more: Partial<SubscriptionResult> = {}): SubscriptionResult {
  return {
    type: "subscription_result", timestamp: "", task_id: TASK, action: "subscribe", success: true, epoch: "0", id, ...more,
  };
}

/** A subscription that has its snapshot at `seq`. */
function placed(seq: number): TaskSubscription {
  const one = subscription();
  one.nextCommand(0, () => "a");
  one.receive(result("a"));
  one.receive(snapshot(seq));
  return one;
}

describe("a followed task", () => {
  test("is asked for without a position at first", () => {
    expect(subscription().nextCommand(0, () => "a")).toEqual({
      type: "subscribe_task", task_id: TASK, topics: ["progress", "logs"], log_tail: 200, id: "a",
    });
  });

  test("is deaf to all but notices until the command is answered", () => {
    const one = subscription();
    one.nextCommand(0, () => "a");
    expect(one.receive(snapshot(4))).toBe("ignore");
    expect(one.receive(progress(5, 10))).toBe("ignore");
    expect(one.receive(completed(6, null))).toBe("notice");
    expect(one.receive(result("another"))).toBe("ignore");
    expect(one.receive(result("a"))).toBe("settled");
    expect(one.receive(snapshot(6))).toBe("apply");
    expect(one.last).toBe(6);
  });

  test("takes what follows, drops duplicates, and asks again behind a gap", () => {
    const one = placed(4);
    expect(one.receive(progress(5, 10))).toBe("apply");
    expect(one.receive(progress(5, 10))).toBe("ignore");
    expect(one.receive(progress(9, 20, 5))).toBe("apply"); // what was coalesced
    expect(one.receive(progress(12, 30, 11))).toBe("gap");
    expect(one.nextCommand(0, () => "b")).toEqual({ type: "resume", task_id: TASK, last_seq: 9, epoch: "0", id: "b" });
    expect(one.receive(progress(13, 30))).toBe("ignore"); // until the answer
    expect(one.receive(result("b", { action: "resume", recovered: true }))).toBe("settled");
    expect(one.receive(progress(10, 22, 9))).toBe("apply");
  });

  test("comes back with its position and the epoch in which that was reached", () => {
    const one = placed(4);
    one.disconnected();
    expect(one.nextCommand(0, () => "b")).toMatchObject({ type: "subscribe_task", last_seq: 4, epoch: "0" });
    one.receive(result("b", { recovered: false, reason: "epoch", epoch: "e2" }));
    expect(one.receive(snapshot(2, { epoch: "e2" }))).toBe("apply"); // even downwards
    expect([one.last, one.epoch]).toEqual([2, "e2"]);
  });

  test("asks again when no answer comes in time, and not before", () => {
    const one = subscription();
    one.nextCommand(0, () => "a");
    expect(one.nextCommand(ANSWER_TIMEOUT_MS - 1, () => "b")).toBeNull();
    expect(one.nextCommand(ANSWER_TIMEOUT_MS, () => "b")).toMatchObject({ type: "subscribe_task", id: "b" });
    expect(one.receive(result("a"))).toBe("ignore"); // too late
  });

  test("gives up on a final refusal, and waits after any other", () => {
    const busy = subscription();
    busy.nextCommand(0, () => "a");
    expect(busy.refuse({ type: "error", timestamp: "", code: "server_busy", message: "", id: "a", retry_after_ms: 3_000 }, 0))
      .toBe("settled");
    expect(busy.nextCommand(2_999, () => "b")).toBeNull();
    expect(busy.nextCommand(3_000, () => "b")).not.toBeNull();
    const error = { code: "not_found" as const, message: "" };
    expect(busy.receive(result("b", { success: false, error }))).toBe("lost");
    expect([busy.lostCode, busy.finished]).toEqual(["not_found", true]);
  });

  test("waits twice as long after each refusal in a row, and begins anew with an answer", () => {
    const one = subscription();
    const refuse = (id: string, now: number) =>
      one.refuse({ type: "error", timestamp: "", code: "server_busy", message: "", id }, now);
    let now = 0;
    for (const [number, wait] of [1_000, 2_000, 4_000].entries()) {
      one.nextCommand(now, () => `a${number}`);
      expect(refuse(`a${number}`, now)).toBe("settled");
      expect(one.nextCommand(now + wait - 1, () => "early")).toBeNull();
      now += wait;
    }
    one.nextCommand(now, () => "b");
    expect(one.receive(result("b"))).toBe("settled");
    one.receive(snapshot(4));
    expect(one.receive(progress(12, 30, 11))).toBe("gap");
    one.nextCommand(now, () => "c");
    expect(refuse("c", now)).toBe("settled");
    expect(one.nextCommand(now + 999, () => "d")).toBeNull();
    expect(one.nextCommand(now + 1_000, () => "d")).toMatchObject({ type: "resume", last_seq: 4 });
  });

  test("waits for nothing that a server asked for on a connection that is gone", () => {
    const busy = subscription();
    busy.nextCommand(0, () => "a");
    busy.refuse({ type: "error", timestamp: "", code: "server_busy", message: "", id: "a", retry_after_ms: 30_000 }, 0);
    busy.disconnected();
    expect(busy.nextCommand(1, () => "b")).toMatchObject({ type: "subscribe_task", id: "b" });
  });

  test("is lost when the server ends it unasked", () => {
    const one = placed(4);
    expect(one.receive({ ...result("x", { action: "unsubscribe" }), id: null })).toBe("lost");
    expect(one.lostCode).toBe("unsubscribed");
    const damaged = placed(4);
    const error = { code: "database_damaged" as const, message: "" };
    expect(damaged.receive({ ...result("x", { action: "unsubscribe", error }), id: null })).toBe("lost");
    expect(damaged.lostCode).toBe("database_damaged");
  });

  test("is placed anew with other topics, and then begins with a snapshot", () => {
    const next = TaskSubscription.after(placed(4), { topics: ["progress"], logTail: 0 });
    expect(next.nextCommand(0, () => "b")).toEqual({
      type: "subscribe_task", task_id: TASK, topics: ["progress"], log_tail: 0, id: "b",
    });
  });

  test("asks for its snapshot when the answer to what it has replaced comes", () => {
    const previous = subscription();
    previous.nextCommand(0, () => "a");
    const next = TaskSubscription.after(previous, { topics: ["progress"], logTail: 0 });
    expect(next.nextCommand(0, () => "early")).toBeNull();
    expect(next.receive(result("a"))).toBe("settled");
    expect(next.nextCommand(0, () => "b")).toMatchObject({ type: "subscribe_task", topics: ["progress"], id: "b" });
    expect(next.receive(snapshot(4))).toBe("ignore"); // of the topics before
  });

  test("says that it is not wanted any more, once", () => {
    const one = placed(4);
    one.wanted = false;
    expect(one.nextCommand(0, () => "b")).toEqual({ type: "unsubscribe_task", task_id: TASK, id: "b" });
    expect(one.finished).toBe(false);
    expect(one.receive(result("b", { action: "unsubscribe" }))).toBe("settled");
    expect(one.finished).toBe(true);
  });
});
