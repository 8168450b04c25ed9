/** One attempt that has ended, as it left the scan, in the shape of a state that was followed to its end. */

import { shallowRef, watch } from "vue";

import { NO_VIOLATIONS } from "@/generated/contract";
import type { AttemptItem, LogLineResponse, TaskResponse } from "@/generated/rest";
import { TaskState } from "@/realtime";
import { useAccount } from "@/stores/account";
import { useTexts } from "@/texts";

import { holds } from "./useAttempts";
import { shownOf, type ShownState } from "./useScan";

const PAGE_SIZE = 200;
const TAIL = 1_000; // lines of the log that come by themselves; the largest that the server gives at once

/** `isGone`: the scan has no such attempt. `removed`: its results are not kept any more. */
export function usePastAttempt(taskId: string, attempt: number) {
  const { api } = useAccount();
  const { language } = useTexts();
  const shown = shallowRef<ShownState | null>(null);
  const isGone = shallowRef(false);
  const isRemoved = shallowRef(false);
  const failure = shallowRef<unknown>(null);
  let state: TaskState | null = null;

  async function read(): Promise<void> {
    failure.value = null;
    const path = { task_id: taskId };
    try {
      const { items } = await api.call("GET /api/v1/tasks/{task_id}/attempts", { path, query: { page_size: PAGE_SIZE } });
      const item = items.find((one) => holds(one, attempt));
      isGone.value = item === undefined;
      if (item === undefined) return;
      const task = await api.call("GET /api/v1/tasks/{task_id}", { path, query: { attempt } });
      state = stateOf(item, task, await lastLines(item));
      isRemoved.value = item.results_removed_at !== null;
      shown.value = shownOf(state);
    } catch (error) {
      if ((error as { status?: number }).status === 404) isGone.value = true;
      else failure.value = error;
    }
  }

  async function lastLines(item: AttemptItem): Promise<LogLineResponse[]> {
    const count = Object.values(item.log_counts).reduce((sum, number) => sum + number, 0);
    const first = (await lines(0, 1))[0]?.log_seq ?? 1;
    return lines(Math.max(first + count - 1 - TAIL, 0), TAIL);
  }

  async function lines(after: number, limit: number): Promise<LogLineResponse[]> {
    const query = { after_log_seq: after, limit, attempt };
    return (await api.call("GET /api/v1/monitor/tasks/{task_id}/logs", { path: { task_id: taskId }, query })).items;
  }

  function addLines(more: LogLineResponse[]): void {
    state?.addLines(more);
    if (state !== null) shown.value = shownOf(state);
  }

  watch(language, () => void read(), { immediate: true });
  return { shown, isGone, isRemoved, failure, read, addLines };
}

function stateOf(item: AttemptItem, task: TaskResponse, logs: LogLineResponse[]): TaskState {
  return new TaskState({
    type: "task_snapshot", timestamp: task.created_at, task_id: task.id, seq: 0, epoch: "", min_seq: 0,
    status: item.status, attempt: item.attempt, progress: task.progress, stage: task.stage, stage_key: null,
    stages: item.stages.map((stage) => ({ ...stage, name: stage.key })), statistics: item.statistics,
    violations: { ...NO_VIOLATIONS, ...item.violation_counts, recent: [] }, findings: { ...NO_VIOLATIONS, ...item.finding_counts },
    log_counts: item.log_counts, logs, warnings: warningsOf(item),
    worker: { id: null, state: "none", last_heartbeat_at: null }, target_domain: task.target_domain,
    created_at: task.created_at, started_at: item.started_at, completed_at: item.completed_at, ended_by: item.ended_by, error: item.error,
    verdict: item.verdict,
  });
}

function warningsOf(item: AttemptItem): TaskState["warnings"] {
  return item.warnings.map((warning) => ({ ...warning, attempt: item.attempt }) as TaskState["warnings"][number]);
}
