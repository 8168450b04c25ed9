/** A scan as it is now: its state, followed live. */

import { onScopeDispose, shallowRef } from "vue";

import { MAX_VIOLATIONS, TaskState, type FollowedFrame } from "@/realtime";
import { useAccount } from "@/stores/account";
import { useConnection } from "@/stores/connection";

import { useDrawing } from "./useDrawing";

const RETRY_MS = 5_000;
const PAGE_SIZE = 200; // the largest that the server gives

/** A state at one moment, to read. */
export type ShownState = Omit<TaskState, "apply" | "merge" | "addViolation" | "changeFinding" | "addLines" | "reset">;

/** What is shown is an object of its own each time, so that components see that it is another one. */
export function shownOf(state: TaskState): ShownState {
  return { ...state, ended: state.ended };
}

/** Whose results a list asks for: of the newest while it runs, of those that stand (null) from its end on. */
export function attemptOf(state: ShownState, attempt: number | null): number | null {
  return attempt ?? (state.ended ? null : state.attempt);
}

/** What the address of one of such results adds: pages are numbered anew by each attempt. */
export function attemptQuery(state: ShownState, attempt: number | null): { attempt?: number } {
  const asked = attemptOf(state, attempt);
  return asked === null ? {} : { attempt: asked };
}

/** `lost`: why nothing more comes ("deleted", "not_found", ...); null while it does. */
export function useScan(taskId: string) {
  const { api } = useAccount();
  const { client } = useConnection();
  const shown = shallowRef<ShownState | null>(null);
  const lost = shallowRef<string | null>(null);
  let state: TaskState | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const draw = useDrawing(() => { if (state !== null) shown.value = shownOf(state); });

  function onFrame(frame: FollowedFrame): void {
    if (frame.type === "task_deleted") {
      lost.value = "deleted";
      return;
    }
    if (frame.type === "task_snapshot") state = new TaskState(frame);
    else state?.apply(frame);
    if (frame.type === "task_snapshot" || frame.type === "task_completed") void completeViolations();
    draw();
  }

  /** A snapshot brings the newest violations alone; REST has all. */
  async function completeViolations(): Promise<void> {
    clearTimeout(timer);
    const asked = state;
    if (asked === null || asked.violations.size >= Math.min(asked.counts.total ?? 0, MAX_VIOLATIONS)) return;
    const { attempt } = asked;
    try {
      for (let page = 1; page * PAGE_SIZE <= MAX_VIOLATIONS; page += 1) {
        const query = { page, page_size: PAGE_SIZE, attempt };
        const found = await api.call("GET /api/v1/tasks/{task_id}/violations", { path: { task_id: taskId }, query });
        if (asked !== state || attempt !== state.attempt) return;
        state.merge(found.items.map((item) => ({ ...item, url: item.url ?? null, found_on: item.found_on ?? null })));
        draw();
        if (found.items.length < PAGE_SIZE) return;
      }
    } catch {
      timer = setTimeout(completeViolations, RETRY_MS);
    }
  }

  const end = client.follow(taskId, { onFrame, onLost: (code) => (lost.value = code) });
  onScopeDispose(() => {
    clearTimeout(timer);
    end();
  });

  /** Lines that were read by REST, into the state. */
  function addLines(lines: TaskState["logs"]): void {
    state?.addLines(lines);
    draw();
  }

  return { shown, lost, addLines };
}
