import { describe, expect, test } from "vitest";

import { NO_VIOLATIONS } from "@/generated/contract";
import { MAX_LINES, TaskState, type TaskEvent } from "@/realtime";

import { TASK, at, completed, findingChanged, hiddenLink, logs, progress, retrying, snapshot, stage, violation } from "../support/frames";

describe("the state of a task", () => {
  test("takes progress, which never falls, with what was counted", () => {
    const state = new TaskState(snapshot(1));
    state.apply(progress(2, 40));
    state.apply({ ...progress(3, 30), eta_min_s: 5, eta_max_s: 9 });
    expect(state).toMatchObject({ progress: 40, stageKey: "page_crawl", etaRangeS: [5, 9], seq: 3 });
    expect(state.stages[1]).toMatchObject({ progress: 40 });
    expect(state.statistics.total_pages_crawled).toBe(30);
  });

  test("has stages with their times; one that is begun again keeps its first", () => {
    const state = new TaskState(snapshot(1));
    state.apply(stage(2, "page_crawl", "running"));
    state.apply(stage(3, "page_crawl", "completed"));
    expect(state.stages[1]).toMatchObject({ status: "completed", progress: 100, started_at: at(2), finished_at: at(3) });
    state.apply(stage(4, "page_crawl", "running"));
    expect(state.stages[1]).toMatchObject({ status: "running", started_at: at(2), finished_at: null });
  });

  test("knows who cancelled it, from an event as from a snapshot, until it begins anew", () => {
    const state = new TaskState(snapshot(1));
    state.apply({ type: "task_cancelling", task_id: TASK, seq: 2, prev_seq: 1, attempt: 1, timestamp: at(2), by: "mei" });
    expect(state.endedBy).toBe("mei");
    expect(new TaskState(snapshot(1, { ended_by: "mei" })).endedBy).toBe("mei");
    state.apply(retrying(3, "user"));
    expect(state.endedBy).toBeNull();
  });

  test("counts violations and lists each once, whoever tells of it", () => {
    const state = new TaskState(snapshot(1));
    state.apply(violation(2, "a"));
    for (let times = 0; times < 2; times += 1) state.apply(violation(3, "b", 2, { total: 2, high: 2 }));
    expect(state).toMatchObject({ counts: { total: 2, high: 2 }, statistics: { total_violations: 2 } });
    const [known] = [...state.violations.values()];
    state.merge([{ ...known!, description: "of REST" }]);
    expect([...state.violations.keys()]).toEqual(["a", "b"]);
  });

  test("counts violations and findings as the newest event says, whatever it adds", () => {
    const state = new TaskState(snapshot(1, { findings: { ...NO_VIOLATIONS, total: 1, low: 1 } }));
    expect(state.findingCounts).toMatchObject({ total: 1, low: 1 });
    const joined = { ...NO_VIOLATIONS, total: 1, high: 1 };
    state.apply({ ...violation(2, "a", 1, { total: 2, high: 2 }), finding_counts: joined });
    expect([state.counts, state.findingCounts]).toEqual([{ ...NO_VIOLATIONS, total: 2, high: 2 }, joined]);
  });

  test("keeps its counts with an event of the version before, which has none", () => {
    const state = new TaskState(snapshot(1));
    state.apply(violation(2, "a"));
    for (const frame of [violation(3, "b"), findingChanged(4, "a.test", ["gambling"], "critical", {})]) {
      const old: Partial<TaskEvent> & Record<string, unknown> = { ...frame };
      for (const name of ["violation_counts", "finding_counts", "domain", "kinds"]) delete old[name];
      state.apply(old as TaskEvent);
    }
    expect([state.counts, state.findingCounts]).toMatchObject([{ total: 1, high: 1 }, { total: 1, high: 1 }]);
    expect([...state.violations.keys()]).toEqual(["a", "b"]);
  });

  test("has known violations weigh what their finding weighs now, and counts as the event says", () => {
    const state = new TaskState(snapshot(1));
    ["a", "b"].forEach((id, index) => state.apply(violation(2 + index, id)));
    const before = state.violations.get("a")!;
    state.apply(findingChanged(4, "a.test", ["gambling"], "critical", { total: 2, critical: 1, high: 1 }));
    expect([...state.violations.values()].map(({ risk_level: risk }) => risk)).toEqual(["critical", "high"]);
    expect([state.counts, state.findingCounts]).toMatchObject([{ total: 2, critical: 1, high: 1 }, { total: 2, critical: 1, high: 1 }]);
    state.merge([{ ...before, violation_id: "c" }, before]); // REST had answered before it changed
    expect(state.violations.get("c")?.risk_level).toBe("critical");
  });

  test("has a violation join the finding that the server says it is part of", () => {
    const state = new TaskState(snapshot(1));
    const shown = () => ["hidden-a", "a", "surer"].map((id) => state.violations.get(id)).map((item) => item && [item.finding_id, item.risk_level]);
    state.apply(hiddenLink(2, "a", "hidden_link"));
    state.apply(violation(3, "b"));
    expect(shown()[0]).toEqual(["hidden_link.a.test", "high"]);
    const before = state.violations.get("hidden-a")!;
    state.apply(violation(4, "a"));
    expect(shown().slice(0, 2)).toEqual([["hidden_link.a.test", "high"], ["gambling.a.test", "high"]]); // nobody has said so yet
    state.apply(findingChanged(5, "a.test", ["gambling", "hidden_link"], "critical", { total: 3, critical: 2, high: 1 }));
    state.merge([before]); // REST had answered before it changed
    expect(shown().slice(0, 2)).toEqual([["gambling.a.test", "critical"], ["gambling.a.test", "critical"]]);
    const { violation: content, ...more } = violation(6, "surer");
    state.apply({ ...more, finding_id: "adult.a.test", violation_key: "adult", violation: { ...content, domain: "a.test", confidence_score: 0.99 } });
    state.apply(findingChanged(7, "a.test", ["gambling"], "medium", { total: 4 }));
    state.apply(findingChanged(8, "a.test", ["adult", "hidden_link"], "high", { total: 4 }));
    expect(shown()).toEqual([["adult.a.test", "high"], ["gambling.a.test", "medium"], ["adult.a.test", "high"]]);
    expect(state.violations.get("b")?.finding_id).toBe("gambling.b.test");
  });

  test("keeps lines in order and once, and the newest when they are too many", () => {
    const state = new TaskState(snapshot(1));
    state.apply(logs(2, 11, 2));
    state.addLines(logs(2, 9, 3).logs);
    expect(state.logs.map((line) => line.log_seq)).toEqual([9, 10, 11, 12]);
    state.addLines(logs(3, 13, MAX_LINES).logs);
    expect(state.logs).toHaveLength(MAX_LINES);
    expect(state.logs.at(-1)?.log_seq).toBe(12 + MAX_LINES);
  });

  test("goes on after a lost worker, and begins anew after a retry of the user", () => {
    const begun = () => {
      const state = new TaskState(snapshot(1));
      [stage(2, "page_crawl", "running"), progress(3, 40), { ...violation(4, "a"), finding_counts: { total: 1 } }].forEach((frame) => state.apply(frame));
      return state;
    };
    const resumed = begun();
    resumed.apply(retrying(5, "worker_lost"));
    expect(resumed).toMatchObject({ status: "pending", attempt: 2, progress: 40 });
    expect([resumed.stages[1]?.status, resumed.violations.size]).toEqual(["pending", 1]);
    const restarted = begun();
    restarted.apply(retrying(5, "user"));
    expect(restarted).toMatchObject({ status: "pending", attempt: 2, progress: 0, verdict: null });
    expect([restarted.counts.total, restarted.findingCounts.total, restarted.violations.size]).toEqual([0, 0, 0]);
  });

  test("ends with what the server counted and judged", () => {
    const state = new TaskState(snapshot(1, { queue_position: 3 }));
    state.apply(completed(2));
    expect(state).toMatchObject({ ended: true, status: "completed", queuePosition: null, verdict: { result: "violations" } });
  });

  test("moves on over a type of event that is newer than the page", () => {
    const state = new TaskState(snapshot(1));
    state.apply({ ...progress(2, 50), type: "task_of_the_future" } as never);
    expect([state.seq, state.progress]).toEqual([2, 0]);
  });
});
