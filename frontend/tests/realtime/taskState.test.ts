import { describe, expect, test } from "vitest";

import { MAX_LINES, TaskState } from "@/realtime";

import { at, completed, logs, progress, retrying, snapshot, stage, violation } from "../support/frames";

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

  test("counts violations and lists each once, whoever tells of it", () => {
    const state = new TaskState(snapshot(1));
    state.apply(violation(2, "a"));
    state.apply(violation(3, "b"));
    expect(state.counts).toMatchObject({ total: 2, high: 2 });
    const [known] = [...state.violations.values()];
    state.merge([{ ...known!, description: "of REST" }]);
    expect([...state.violations.keys()]).toEqual(["a", "b"]);
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
      [stage(2, "page_crawl", "running"), progress(3, 40), violation(4, "a")].forEach((frame) => state.apply(frame));
      return state;
    };
    const resumed = begun();
    resumed.apply(retrying(5, "worker_lost"));
    expect(resumed).toMatchObject({ status: "pending", attempt: 2, progress: 40 });
    expect([resumed.stages[1]?.status, resumed.violations.size]).toEqual(["pending", 1]);
    const restarted = begun();
    restarted.apply(retrying(5, "user"));
    expect(restarted).toMatchObject({ status: "pending", attempt: 2, progress: 0, verdict: null });
    expect([restarted.counts.total, restarted.violations.size]).toEqual([0, 0]);
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
