/** One thing done to several scans: which of them it went well with, and why not with the others. */

import { computed, shallowRef } from "vue";

import { TERMINAL_STATUSES } from "@/generated/contract";
import type { TaskResponse, TaskStatus } from "@/generated/rest";
import { useAccount } from "@/stores/account";

import { forEachConcurrently } from "./forEachConcurrently";

export const BULK_ACTIONS = ["cancel", "retry", "delete"] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

/** `error` null: it went well, or is not done yet. */
export interface Outcome {
  action: BulkAction;
  isDone: boolean;
  error: unknown;
}

/** Whether it can be asked of a scan in this state; whether it may is the server's to say. */
export function fits(action: BulkAction, status: TaskStatus): boolean {
  if (action === "cancel") return status === "pending" || status === "running";
  return TERMINAL_STATUSES.has(status) || (action === "delete" && status === "pending");
}

export function useBulk() {
  const { api } = useAccount();
  const outcomes = shallowRef<ReadonlyMap<string, Outcome>>(new Map());
  /** The scans of the newest action, in order: those that are deleted leave the list, and what is said of them stays. */
  const asked = shallowRef<readonly TaskResponse[]>([]);
  const isBusy = computed(() => [...outcomes.value.values()].some(({ isDone }) => !isDone));

  /** A request for each, few at a time. A refusal is kept beside its scan and stops none of the others. */
  async function run(action: BulkAction, scans: readonly TaskResponse[]): Promise<void> {
    asked.value = scans;
    outcomes.value = new Map(scans.map(({ id }) => [id, { action, isDone: false, error: null }]));
    await forEachConcurrently(scans, async ({ id }) => {
      const error = await ask(action, id).then(() => null, (refusal: unknown) => refusal);
      outcomes.value = new Map(outcomes.value).set(id, { action, isDone: true, error });
    });
  }

  function ask(action: BulkAction, id: string): Promise<void> {
    const path = { task_id: id };
    switch (action) {
      case "cancel": return api.send("POST /api/v1/tasks/{task_id}/cancel", { path });
      case "retry": return api.send("POST /api/v1/tasks/{task_id}/retry", { path });
      case "delete": return api.send("DELETE /api/v1/tasks/{task_id}", { path });
    }
  }

  function forget(): void {
    outcomes.value = new Map();
    asked.value = [];
  }

  return { outcomes, asked, isBusy, run, forget };
}
