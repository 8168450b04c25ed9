/** The user's scans: one page of REST, kept fresh by notices and by following what runs. No polling. */

import { onScopeDispose, shallowRef, watch, type Ref } from "vue";

import { TERMINAL_STATUSES } from "@/generated/contract";
import type { TaskResponse, TaskStatus } from "@/generated/rest";
import { TaskState } from "@/realtime";
import { useAccount } from "@/stores/account";
import { useConnection } from "@/stores/connection";

import { useDrawing } from "./useDrawing";

export const PAGE_SIZE = 30;
const MAX_FOLLOWED = 30; // of what runs or waits; the rest moves by notices
const PAUSE_MS = 1_000; // between two loads that notices ask for
const DRAW_PAUSE_MS = 250; // many scans that move are many frames: nobody reads a bar more often

export interface ListQuery {
  page: number;
  /** Null: all of them. */
  status: TaskStatus | null;
  /** A part of the domain; empty: all of them. */
  domain: string;
}

/** `items` null: nothing was read yet. `failure`: why the newest read failed; what was there stays. */
export function useScanList(query: Ref<ListQuery>) {
  const { api } = useAccount();
  const connection = useConnection();
  const items = shallowRef<TaskResponse[] | null>(null);
  const total = shallowRef(0);
  const failure = shallowRef<unknown>(null);
  const known = new Map<string, TaskResponse>(); // in the order of the list
  const followed = new Map<string, () => void>();
  let loads = 0; // grows with every load; an older answer is void
  let timer: ReturnType<typeof setTimeout> | undefined;
  const draw = useDrawing(() => (items.value = [...known.values()]), DRAW_PAUSE_MS);

  async function load(): Promise<void> {
    const mine = ++loads;
    const { page, status, domain } = query.value;
    try {
      const found = await api.call("GET /api/v1/tasks", { query: { page, page_size: PAGE_SIZE, status, domain } });
      if (mine !== loads) return;
      failure.value = null;
      total.value = found.total;
      known.clear();
      for (const task of found.items) known.set(task.id, task);
      items.value = found.items;
      followUnfinished();
    } catch (error) {
      if (mine === loads) failure.value = error;
    }
  }

  function followUnfinished(): void {
    const unfinished = [...known.values()].filter((task) => !TERMINAL_STATUSES.has(task.status)).slice(0, MAX_FOLLOWED);
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
    return connection.client.follow(id, {
      onFrame(frame) {
        if (frame.type === "task_deleted") return loadSoon();
        if (frame.type === "task_snapshot") state = new TaskState(frame);
        else state?.apply(frame);
        const task = known.get(id);
        if (state !== null && task !== undefined) known.set(id, { ...task, ...rowOf(state) });
        draw();
      },
      onLost: loadSoon,
    }, { topics: ["progress"], logTail: 0 });
  }

  /** Notices say that something changed; what they do not hold is read anew, once for many. */
  function loadSoon(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      void load();
    }, PAUSE_MS);
  }

  watch(query, () => void load(), { immediate: true, deep: true });
  watch(() => connection.isOnline, (isOnline) => { if (isOnline) void load(); });
  const endNotices = connection.onNotice(loadSoon);
  onScopeDispose(() => {
    loads += 1;
    clearTimeout(timer);
    endNotices();
    for (const end of followed.values()) end();
  });
  return { items, total, failure, load };
}

/** What a row shows of a followed state, in the shape of REST. */
function rowOf(state: TaskState): Partial<TaskResponse> {
  return {
    status: state.status, progress: state.progress, stage_key: state.stageKey, attempt: state.attempt,
    statistics: state.statistics, violation_counts: state.counts, queue_position: state.queuePosition, error: state.error,
    verdict: state.verdict, completed_at: state.completedAt,
  };
}
