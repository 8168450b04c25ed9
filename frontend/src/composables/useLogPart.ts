/**
 * A part of a long log that is not the end which is shown live: around a line that a link named, or what a search over
 * all of it found. Read by REST, at most `MAX_LINES`.
 */

import { computed, shallowRef } from "vue";

import type { LogLine } from "@/generated/frames";
import { MAX_LINES } from "@/realtime";
import { useAccount } from "@/stores/account";

const AROUND = 200; // lines before and after the one that was named
const AT_ONCE = 1_000; // the largest that the server gives
const MAX_HITS = 1_000;
const MAX_READS = 100; // of one search: the server looks at 5,000 lines for each

export interface LogFilter {
  q: string;
  /** Separated by commas; empty: all of them. */
  level: string;
  /** Its key; empty: all of them. */
  stage: string;
}

/** `lines` null: the live end is shown. `isHits`: they are what a search found, with others between them left out. */
export function useLogPart(taskId: () => string, attempt: () => number | null) {
  const { api } = useAccount();
  const lines = shallowRef<readonly LogLine[] | null>(null);
  const isHits = shallowRef(false);
  const isCutOff = shallowRef(false);
  const first = computed(() => lines.value?.[0]?.log_seq ?? 1);
  let reads = 0; // grows with each thing that is asked for; what comes later than that is void

  async function read(after: number, limit: number, filter: Partial<LogFilter> = {}) {
    const query = { after_log_seq: after, limit, attempt: attempt(), ...filter };
    return api.call("GET /api/v1/monitor/tasks/{task_id}/logs", { path: { task_id: taskId() }, query });
  }

  function show(found: readonly LogLine[], hits: boolean, cutOff = false): void {
    [lines.value, isHits.value, isCutOff.value] = [found, hits, cutOff];
  }

  /** Shows the lines around this one; false: it is not there. */
  async function goTo(seq: number): Promise<boolean> {
    const mine = ++reads;
    const { items } = await read(Math.max(0, seq - AROUND - 1), 2 * AROUND);
    if (mine !== reads || !items.some(({ log_seq }) => log_seq === seq)) return false;
    show(items, false);
    return true;
  }

  /** Shows what fits in the whole log, the oldest first. `isCutOff` then: there are more than are shown. */
  async function searchAll(filter: LogFilter): Promise<void> {
    const mine = ++reads;
    const found: LogLine[] = [];
    let after = 0;
    for (let number = 0; number < MAX_READS; number += 1) {
      const page = await read(after, AT_ONCE, filter);
      if (mine !== reads) return;
      found.push(...page.items);
      const isEnd = page.next_after_log_seq <= after;
      after = page.next_after_log_seq;
      if (isEnd || found.length >= MAX_HITS) return show(found.slice(0, MAX_HITS), true, !isEnd);
    }
    show(found, true, true);
  }

  async function readEarlier(): Promise<void> {
    const after = Math.max(0, first.value - 1 - AT_ONCE);
    const { items } = await read(after, first.value - 1 - after);
    if (lines.value !== null) lines.value = [...items, ...lines.value].slice(0, MAX_LINES);
  }

  async function readLater(): Promise<void> {
    const { items } = await read(lines.value?.at(-1)?.log_seq ?? 0, AT_ONCE);
    if (lines.value !== null) lines.value = [...lines.value, ...items].slice(-MAX_LINES);
  }

  /** Back to the live end. */
  function leave(): void {
    reads += 1;
    show([], false);
    lines.value = null;
  }

  return { lines, isHits, isCutOff, first, goTo, searchAll, readEarlier, readLater, leave };
}
