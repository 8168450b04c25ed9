/** What of a log is shown, as the address has it (`?level=&stage=&q=`): such a view can be sent to somebody. */

import { computed, onScopeDispose, ref, shallowRef, watch } from "vue";
import { useRoute, useRouter } from "vue-router";

import { LOG_LEVELS } from "@/generated/contract";
import type { LogLine } from "@/generated/frames";

import type { LogFilter } from "./useLogPart";

export const MAX_SEARCH = 200; // characters, as the server takes them
const TYPING_MS = 300; // the address follows when nothing was changed for so long
type Address = Readonly<Record<string, unknown>>;

/** What an address asks for; what it has of other making is left out. An empty `level` shows none, a missing one all. */
export function logFilterOf({ level, stage, q }: Address, stages: readonly string[]) {
  const asked = typeof level === "string" ? level.split(",") : [];
  const isAsked = level === "" || LOG_LEVELS.some((one) => asked.includes(one));
  return {
    hidden: new Set<string>(isAsked ? LOG_LEVELS.filter((one) => !asked.includes(one)) : []),
    stage: stages.find((one) => one === stage) ?? "",
    search: typeof q === "string" ? q.slice(0, MAX_SEARCH) : "",
  };
}

/** An address of a line or of another list, without what the log is filtered by. */
export function withoutLogFilter<T>(address: Readonly<Record<string, T>>): Record<string, T> {
  const { level: _level, stage: _stage, q: _q, ...rest } = address;
  return rest;
}

/** `moduleOf`: whence a line comes, in words, which are searched as well. `stages`: the keys that an address may name. */
export function useLogFilter(stages: () => readonly string[], moduleOf: (line: LogLine) => string) {
  const route = useRoute();
  const router = useRouter();
  const first = logFilterOf(route.query, stages());
  const hidden = ref(first.hidden);
  const stage = shallowRef(first.stage);
  const search = shallowRef(first.search);
  const filter = computed<LogFilter>(() => ({ q: search.value.trim(), level: levelsBut(hidden.value), stage: stage.value }));
  const isNarrowed = computed(() => filter.value.q !== "" || hidden.value.size > 0 || stage.value !== "");
  let typing: ReturnType<typeof setTimeout> | undefined;

  function fits(line: LogLine): boolean {
    const wanted = filter.value.q.toLowerCase();
    if (hidden.value.has(line.level) || (stage.value !== "" && line.module !== stage.value)) return false;
    return wanted === "" || `${moduleOf(line)} ${line.message}`.toLowerCase().includes(wanted);
  }

  function toggle(level: string): void {
    const next = new Set(hidden.value);
    if (!next.delete(level)) next.add(level);
    hidden.value = next;
  }

  function clear(): void {
    [hidden.value, stage.value, search.value] = [new Set(), "", ""];
  }

  const here = computed(() => JSON.stringify(addressOf(filter.value, hidden.value)));
  const there = computed(() => {
    const asked = logFilterOf(route.query, stages());
    return JSON.stringify(addressOf({ q: asked.search.trim(), level: levelsBut(asked.hidden), stage: asked.stage }, asked.hidden));
  });
  watch(here, () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      if (here.value !== there.value) void router.replace({ query: { ...withoutLogFilter(route.query), ...addressOf(filter.value, hidden.value) } });
    }, TYPING_MS);
  });
  watch(there, () => {
    if (here.value === there.value) return;
    const asked = logFilterOf(route.query, stages());
    [hidden.value, stage.value, search.value] = [asked.hidden, asked.stage, asked.search];
  });
  // Whoever leaves is not called back by an address that comes late.
  const unguard = router.beforeEach((to) => { if (to.path !== route.path) clearTimeout(typing); });
  onScopeDispose(() => {
    unguard();
    clearTimeout(typing);
  });
  return { hidden, stage, search, filter, isNarrowed, fits, toggle, clear };
}

/** As the server takes them; empty: all of them. */
function levelsBut(hidden: ReadonlySet<string>): string {
  return hidden.size === 0 ? "" : LOG_LEVELS.filter((level) => !hidden.has(level)).join(",");
}

function addressOf({ q, level, stage }: LogFilter, hidden: ReadonlySet<string>): Record<string, string> {
  return { ...(hidden.size === 0 ? {} : { level }), ...(stage === "" ? {} : { stage }), ...(q === "" ? {} : { q }) };
}
