/** Rows of scans as REST lists them, moved by the frames of those that run or wait. No request is made for it. */

import { onScopeDispose, shallowRef } from "vue";

import { TERMINAL_STATUSES } from "@/generated/contract";
import type { StageKey } from "@/generated/frames";
import type { TaskResponse } from "@/generated/rest";
import { TaskState } from "@/realtime";
import { useConnection } from "@/stores/connection";

import { useDrawing } from "./useDrawing";

const MAX_FOLLOWED = 30; // of what runs or waits; the rest moves by notices
const DRAW_PAUSE_MS = 250; // many scans that move are many frames: nobody reads a bar more often

/** `running_stages`: those at work now; they are known of a scan that is followed alone. */
export type ListedTask = TaskResponse & { running_stages?: StageKey[] };

/** `rows` null: nothing was shown yet. `onLost`: a scan is gone, and the list should be read anew. */
export function useFollowedRows(onLost: () => void) {
  const { client } = useConnection();
  const rows = shallowRef<ListedTask[] | null>(null);
  const known = new Map<string, ListedTask>(); // in the order of the list
  const followed = new Map<string, () => void>();
  const draw = useDrawing(() => (rows.value = [...known.values()]), DRAW_PAUSE_MS);

  function show(items: readonly TaskResponse[]): void {
    known.clear();
    for (const task of items) known.set(task.id, task);
    rows.value = [...items];
    const unfinished = items.filter((task) => !TERMINAL_STATUSES.has(task.status)).slice(0, MAX_FOLLOWED);
    const wanted = new Set(unfinished.map((task) => task.id));
    for (const [id, end] of followed) {
      if (wanted.has(id)) continue;
      end();
      followed.delete(id);
    }
    for (const id of wanted) if (!followed.has(id)) followed.set(id, follow(id));
  }

  function follow(id: string): () => void {
    let state: TaskState | null = null;
    return client.follow(id, {
      onFrame(frame) {
        if (frame.type === "task_deleted") return onLost();
        if (frame.type === "task_snapshot") state = new TaskState(frame);
        else state?.apply(frame);
        const task = known.get(id);
        if (state !== null && task !== undefined) known.set(id, { ...task, ...rowOf(state) });
        draw();
      },
      onLost,
    }, { topics: ["progress"], logTail: 0 });
  }

  onScopeDispose(() => {
    for (const end of followed.values()) end();
  });
  return { rows, show };
}

/** What a row shows of a followed state, in the shape of REST. Events do not say what was dismissed: who ends is read anew. */
function rowOf(state: TaskState): Partial<ListedTask> {
  return {
    status: state.status, progress: state.progress, stage_key: state.stageKey, attempt: state.attempt,
    statistics: state.statistics, violation_counts: state.counts, finding_counts: state.findingCounts, open_counts: state.findingCounts,
    queue_position: state.queuePosition, error: state.error, verdict: state.verdict, completed_at: state.completedAt,
    running_stages: state.stages.filter(({ status }) => status === "running").map(({ key }) => key),
  };
}
