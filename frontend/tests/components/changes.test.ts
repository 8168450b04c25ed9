// @vitest-environment happy-dom
/** What an attempt found otherwise than the one before it. */

import { flushPromises, mount } from "@vue/test-utils";
import { beforeEach, describe, expect, test } from "vitest";

import AttemptPicker from "@/components/AttemptPicker.vue";
import { MAX_COMPARED, changesOf } from "@/composables/useAttemptChanges";
import { shownOf } from "@/composables/useScan";
import type { FindingSummary } from "@/generated/rest";
import { TaskState } from "@/realtime";
import { setLanguage } from "@/texts";

import { english } from "../support/english";
import { FakeRest, problem, type Asked } from "../support/fakeRest";
import { TASK, at, snapshot } from "../support/frames";

const FINDINGS = `GET /tasks/${TASK}/findings`;
const ATTEMPTS = `GET /tasks/${TASK}/attempts`;

function finding(domain: string, level: string): FindingSummary {
  return { finding_id: `gambling.${domain}`, domain, violation_key: "gambling", violation_name: "Gambling", risk: { level } } as FindingSummary;
}

function attempt(number: number, more = {}) {
  return { attempt: number, first_attempt: number, status: "completed", conclusive: true, verdict: null, queued_at: at(0), started_at: at(1), completed_at: at(2), results_removed_at: null, ...more };
}

let rest: FakeRest;
let global: ReturnType<FakeRest["mounting"]>;

beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
  const found: Record<string, FindingSummary[]> = { 1: [finding("old.test", "high"), finding("same.test", "low")], 2: [finding("new.test", "critical"), finding("same.test", "high")] };
  rest.answers = {
    [ATTEMPTS]: { items: [attempt(2), attempt(1)], total: 2, shown_attempt: 2 },
    [FINDINGS]: ({ query }: Asked) => ({ items: found[query.get("attempt")!], total: 2, truncated: false, attempt: 1 }),
  };
  global = rest.mounting();
});

async function shown(chosen: number | null = null, over: Parameters<typeof snapshot>[1] = { status: "completed", attempt: 2 }) {
  const picker = mount(AttemptPicker, { props: { state: shownOf(new TaskState(snapshot(1, over))), attempt: chosen }, global });
  await flushPromises();
  await flushPromises();
  return picker;
}

test("findings are told apart by their names: new, gone, of another risk", () => {
  const { added, gone, changed } = changesOf([finding("a", "low"), finding("b", "high")], [finding("b", "low"), finding("c", "low")]);
  expect([added, gone].map((some) => some.map(({ domain }) => domain))).toEqual([["a"], ["c"]]);
  expect(changed.map(({ now, before }) => [now.domain, before, now.risk.level])).toEqual([["b", "low", "high"]]);
});

describe("the picker of attempts", () => {
  test("counts what has changed, and leads to each finding in the attempt that has it", async () => {
    const picker = await shown();
    expect(picker.findAll("details summary").map((part) => part.text())).toEqual(["New findings 1", "No longer found 1", "Risk changed 1"]);
    expect(picker.findAll("details a").map((link) => link.attributes("href"))).toEqual([
      `#/scans/${TASK}/findings/gambling.new.test?attempt=2`, `#/scans/${TASK}/findings/gambling.old.test?attempt=1`, `#/scans/${TASK}/findings/gambling.same.test?attempt=2`,
    ]);
    expect(picker.find("[data-kind=changed] li").text()).toContain("→");
  });

  test("says whose findings stand when the newest attempt ended without, and not while it runs and shows its own", async () => {
    rest.answers[ATTEMPTS] = { items: [attempt(2, { status: "failed" }), attempt(1)], total: 2, shown_attempt: 1 };
    const note = english("attempts.results", { shown: 1, newest: 2 });
    expect((await shown(null, { status: "failed", attempt: 2 })).text()).toContain(note);
    expect((await shown(null, { status: "running", attempt: 2 })).text()).not.toContain(note);
  });

  test("compares nothing while the scan runs, nor the first attempt, nor with results that are gone", async () => {
    expect((await shown(null, { attempt: 2 })).find(".changes").exists()).toBe(false);
    expect((await shown(1)).find(".changes").exists()).toBe(false);
    rest.answers[ATTEMPTS] = { items: [attempt(2), attempt(1, { results_removed_at: at(9) })], total: 2, shown_attempt: 2 };
    expect((await shown()).find(".changes").exists()).toBe(false);
    expect(rest.count("GET", `/tasks/${TASK}/findings`)).toBe(0);
  });

  test("does not call gone what a cancelled attempt has not looked for", async () => {
    rest.answers[ATTEMPTS] = { items: [attempt(2, { status: "cancelled", conclusive: false }), attempt(1)], total: 2, shown_attempt: 1 };
    expect((await shown(2, { status: "cancelled", attempt: 2 })).find(".changes").exists()).toBe(false);
  });

  test("says so when nothing has changed, when there is too much, and when it cannot be read", async () => {
    rest.answers[FINDINGS] = { items: [finding("same.test", "low")], total: 1, truncated: false, attempt: 1 };
    expect((await shown()).find(".changes").text()).toBe(english("changes.none", { before: 1 }));
    rest.answers[FINDINGS] = { items: [], total: MAX_COMPARED + 1, truncated: false, attempt: 1 };
    expect((await shown()).find(".changes").text()).toBe(english("changes.many", { count: 1_000 }));
    rest.answers[FINDINGS] = problem(503, "result_unreadable");
    expect((await shown()).find(".changes .problem").text()).toContain(english("changes.failed"));
  });
});
