/** Where the bars of the stages stand. */

import type { SnapshotStage } from "@/generated/frames";

const LEAST_WIDTH = 0.6; // percent: a stage of a moment is seen, too

/** In percent of the whole time. `seconds`: how long the stage took so far. Null: it has not begun. */
export interface Bar {
  left: number;
  width: number;
  seconds: number;
}

/** `nowMs`: the server's clock. What runs ends now; a stage of a scan that ended without it, with the scan. */
export function barsOf(stages: SnapshotStage[], completedAt: string | null, nowMs: number): (Bar | null)[] {
  const begin = Math.min(...stages.map((stage) => timeOf(stage.started_at) ?? Infinity));
  const end = timeOf(completedAt) ?? Math.max(nowMs, begin);
  const whole = Math.max(end - begin, 1);
  return stages.map((stage) => {
    const from = timeOf(stage.started_at);
    if (from === null) return null;
    const to = Math.max(from, timeOf(stage.finished_at) ?? end);
    const left = Math.min(((from - begin) / whole) * 100, 100 - LEAST_WIDTH);
    const width = Math.min(Math.max(((to - from) / whole) * 100, LEAST_WIDTH), 100 - left);
    return { left, width, seconds: (to - from) / 1_000 };
  });
}

function timeOf(moment: string | null): number | null {
  return moment === null ? null : Date.parse(moment);
}
