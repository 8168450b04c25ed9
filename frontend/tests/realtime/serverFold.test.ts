/** The fold of the page against the server's, over random events: both make the same of them. */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import type { TaskSnapshot } from "@/generated/frames";
import { TaskState, type TaskEvent } from "@/realtime";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const MAKE_MS = 60_000; // a second on an idle machine

interface Cases {
  snapshot: TaskSnapshot;
  cases: { events: TaskEvent[]; folded: Record<string, unknown> }[];
}

test("events are folded as the server folds them", () => {
  const made = execFileSync(`${ROOT}.venv/bin/python`, ["-m", "tests.support.fold_cases"], { cwd: ROOT, encoding: "utf-8", maxBuffer: 2 ** 26 });
  const { snapshot, cases } = JSON.parse(made) as Cases;
  expect(cases.length).toBeGreaterThan(50);
  for (const { events, folded } of cases) {
    const state = new TaskState(snapshot);
    for (const event of events) state.apply(event);
    const { progress, stageKey, stages, statistics, counts, findingCounts, logCounts, warnings, error, verdict } = state;
    const shown = { progress, stage_key: stageKey, stages, statistics, counts, finding_counts: findingCounts, log_counts: logCounts, warnings, error, verdict };
    expect(JSON.parse(JSON.stringify(shown))).toEqual(folded);
  }
}, MAKE_MS);
