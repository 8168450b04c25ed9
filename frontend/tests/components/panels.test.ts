// @vitest-environment happy-dom
/** What components make of a state in a document. */

import { flushPromises, mount } from "@vue/test-utils";
import { createPinia } from "pinia";
import { beforeEach, describe, expect, test } from "vitest";

import FindingHead from "@/components/finding/FindingHead.vue";
import FindingGroups from "@/components/FindingGroups.vue";
import FindingsPanel from "@/components/FindingsPanel.vue";
import LogPanel from "@/components/LogPanel.vue";
import ConfirmDialog from "@/components/ConfirmDialog.vue";
import ScanActions from "@/components/ScanActions.vue";
import StageGantt from "@/components/StageGantt.vue";
import StatTiles from "@/components/StatTiles.vue";
import VerdictBanner from "@/components/VerdictBanner.vue";
import WarningList from "@/components/WarningList.vue";
import { entryOfFinding, type Entry } from "@/components/findingGroups";
import { DECIDED } from "@/composables/useDecisions";
import { countOf } from "@/composables/useFindings";
import { shownOf } from "@/composables/useScan";
import { NO_VIOLATIONS } from "@/generated/contract";
import type { SnapshotWarning } from "@/generated/frames";
import type { DecisionState } from "@/generated/rest";
import { MAX_LINES, TaskState } from "@/realtime";
import { i18n, setLanguage, useTexts } from "@/texts";

import { english } from "../support/english";
import { FakeRest, pageRoutes } from "../support/fakeRest";
import { finding } from "../support/finding";
import { at, findingChanged, hiddenLink, logs, progress, snapshot, stage, violation } from "../support/frames";

const global = { plugins: [createPinia(), i18n] };
const routed = { plugins: [...global.plugins, pageRoutes()] };

beforeEach(() => setLanguage("en"));

describe("the findings of a scan that has ended", () => {
  test.each([[2, 1, true], [1, 1, false], [2, 2, false]])("are said to be made of %i violations when these are more, and of the same attempt (%i)", async (total, attempt, isSaid) => {
    const rest = new FakeRest();
    const state = new TaskState(snapshot(1, { attempt }));
    rest.answers[`GET /tasks/${state.taskId}/findings`] = { items: [finding()], total: 1, truncated: false, attempt: 1, open_counts: { total: 1, high: 1 }, open_domains: 1, dismissed: 0 };
    const shown = { ...shownOf(state), ended: true, counts: { ...state.counts, total } };
    const panel = mount(FindingsPanel, { props: { state: shown, attempt: null }, global: rest.mounting() });
    await flushPromises();
    expect(panel.find(".count").text()).toBe("1");
    expect(panel.find(".section-head").text().includes(english("findings.joined", { count: 2 }))).toBe(isSaid);
  });
});

test("a title counts what nobody has dismissed, and the rest beside it", async () => {
  const rest = new FakeRest();
  const state = new TaskState(snapshot(1));
  const items = [finding(), finding({ finding_id: "gambling.b.test", domain: "b.test", state: "dismissed" })];
  const sum = { attempt: 1, findings: 1, severe: 1, domains: 1, dismissed: 1, checked: 3, checkable: 4 };
  rest.answers[`GET /tasks/${state.taskId}/findings`] = { items, total: 2, truncated: false, attempt: 1, open_counts: { total: 1, high: 1 }, open_domains: 1, dismissed: 1, checked: 3, checkable: 4 };
  const panel = mount(FindingsPanel, { props: { state: { ...shownOf(state), ended: true }, attempt: null }, global: rest.mounting() });
  await flushPromises();
  expect(panel.findAll(".entry")).toHaveLength(2);
  expect(panel.find("#findings-title .count").text()).toBe("1");
  expect(panel.find(".section-head p").text()).toBe("1 dismissed");
  expect(panel.emitted("counted")!.at(-1)).toEqual([sum]);
});

test("findings are counted as found while a scan runs, then without what was dismissed, once that is known", () => {
  const shown = shownOf(new TaskState(snapshot(1, { findings: { ...NO_VIOLATIONS, total: 5 } })));
  const ended = { ...shown, ended: true };
  const sum = { attempt: shown.attempt, findings: 3, severe: 0, domains: 3, dismissed: 2, checked: 0, checkable: 0 };
  expect([countOf(shown, null), countOf(ended, null), countOf(ended, sum)]).toEqual([5, null, 3]);
  expect(countOf(ended, { ...sum, attempt: shown.attempt + 1 })).toBe(5); // the results of another attempt stand
});

describe("what a running scan has found", () => {
  test("are findings, each once, with how many violations they are made of", async () => {
    const state = new TaskState(snapshot(1));
    const counted = (total: number) => ({ ...NO_VIOLATIONS, total, high: total });
    state.apply({ ...hiddenLink(2, "a", "hidden_link"), finding_counts: counted(1) });
    state.apply({ ...violation(3, "b"), finding_counts: counted(2) });
    const panel = mount(FindingsPanel, { props: { state: shownOf(state), attempt: null }, global: new FakeRest().mounting() });
    const shown = () => panel.findAll(".entry").map((entry) => `${entry.find("strong").text()}, ${entry.find(".risk").text()}`);
    expect(shown()).toEqual(["Gambling, high", "Hidden link, high"]);
    expect(panel.find(".section-head p").exists()).toBe(false);
    state.apply({ ...violation(4, "a"), finding_counts: counted(2) });
    state.apply({ ...findingChanged(5, "a.test", ["gambling", "hidden_link"], "critical", { total: 3, critical: 2, high: 1 }), finding_counts: { total: 2, critical: 1, high: 1 } });
    await panel.setProps({ state: shownOf(state) });
    expect(shown()).toEqual(["Gambling, critical", "Gambling, high"]);
    expect(panel.find("#findings-title .count").text()).toBe("2");
    expect(panel.find(".section-head p").text()).toBe(english("findings.joined", { count: 3 }));
  });
});

describe("the log", () => {
  function panel(state: TaskState) {
    return mount(LogPanel, { props: { state: shownOf(state), attempt: null, addLines: () => {} }, global: routed });
  }

  test("of thousands of lines has a screenful of them in the document", () => {
    const state = new TaskState(snapshot(1));
    state.apply(logs(2, 1, MAX_LINES));
    const log = panel(state);
    expect(log.findAll(".line").length).toBeLessThan(60);
    expect(log.element.querySelectorAll("*").length).toBeLessThan(400);
  });

  test("is searched and filtered, and counts the hits", async () => {
    const state = new TaskState(snapshot(1));
    state.apply(logs(2, 1, 30));
    state.apply({ ...logs(3, 31, 1), logs: [{ ...logs(3, 31, 1).logs[0]!, level: "ERROR", message: "broken" }] });
    const log = panel(state);
    await log.find("input").setValue("LINE 2");
    expect(log.findAll(".line").map((line) => line.find(".message").text())).toHaveLength(11); // 2, 20 to 29
    expect(log.find("[role=status]").text()).toBe("11 hits");
    await log.find("input").setValue("");
    await log.find(".level[data-level=INFO]").trigger("click");
    expect(log.findAll(".line").map((line) => line.find(".message").text())).toEqual(["broken"]);
  });

  test("shows a line in full when it is chosen", async () => {
    const state = new TaskState(snapshot(1));
    state.apply(logs(2, 1, 3));
    const log = panel(state);
    await log.find(".line[data-seq='2']").trigger("click");
    expect(log.find(".full").text()).toContain("line 2");
  });
});

describe("findings", () => {
  const hostile = "https://evil.test/\"><img src=x onerror=alert(1)>";
  const entry: Entry = {
    id: "f1", domain: "evil.test", risk: "high", title: "Gambling", text: "<script>alert(1)</script>", url: hostile, page: hostile,
    needsReview: true, confidence: 0.5, why: null, author: null, decision: null, state: "open", finding: null, hasEvidence: true,
  };

  test("of hostile pages stay text, and no click opens one", () => {
    const list = mount(FindingGroups, { props: { entries: [entry], evidenceOf: () => "/scans/1/findings/f1" }, global: routed });
    expect(list.element.querySelectorAll("img, script")).toHaveLength(0);
    expect(list.findAll("a").map((link) => link.attributes("href"))).toEqual(["#/scans/1/findings/f1"]);
    expect(list.text()).toContain("<script>alert(1)</script>");
    expect(list.findAll("code").map((code) => code.text())).toEqual([hostile, hostile]);
  });

  test.each(DECIDED)("that are decided (%s) need no review any more", (state) => {
    const review = english("violations.review");
    const shownOfFinding = (its: DecisionState) => [
      mount(FindingGroups, { props: { entries: [entryOfFinding(useTexts(), finding({ needs_review: true, state: its }))], evidenceOf: () => "/" }, global: routed }),
      mount(FindingHead, { props: { finding: finding({ needs_review: true, state: its }) }, global: routed }),
    ].map((shown) => shown.text().includes(review));
    expect(shownOfFinding("open")).toEqual([true, true]);
    expect(shownOfFinding(state)).toEqual([false, false]);
  });
});

test("the stages say how far each is, in the reader's language", async () => {
  const state = new TaskState(snapshot(1));
  state.apply(stage(2, "page_crawl", "running"));
  state.apply(progress(3, 40));
  const gantt = mount(StageGantt, { props: { state: shownOf(state), findings: 0, nowMs: Date.parse(state.createdAt) + 10_000 }, global });
  expect(gantt.findAll(".bar")).toHaveLength(1);
  expect(gantt.find("[aria-current=step]").text()).toContain("40%");
  expect(gantt.find("[aria-current=step] .counts").text()).toBe("40 pages");
  setLanguage("zh-CN");
  await gantt.vm.$nextTick();
  expect(gantt.find("[aria-current=step] .counts").text()).toBe("40 个页面");
});

test("each stage that runs fills its bar by its own progress", async () => {
  const running = { status: "running" as const, started_at: at(0) };
  const own = [40, 12, 7, 0];
  const stages = snapshot(1).stages.map((one, index) => (index < own.length ? { ...one, ...running, progress: own[index]! } : one));
  const state = new TaskState(snapshot(1, { stages }));
  const gantt = mount(StageGantt, { props: { state: shownOf(state), findings: 0, nowMs: Date.parse(at(10)) }, global });
  const widths = () => gantt.findAll(".done").map((done) => (done.element as HTMLElement).style.width);
  expect(widths()).toEqual(["40%", "12%", "7%", "0%"]);
  expect(gantt.findAll(".status").map((status) => status.text())).toEqual(["40%", "12%", "7%", "Running", "Not started"]);
  state.apply({ ...progress(2, 50), stage_key: "third_party", stage_progress: 33 });
  state.apply(stage(3, "page_crawl", "completed"));
  await gantt.setProps({ state: shownOf(state) });
  expect(widths()).toEqual(["40%", "33%", "0%"]);
});

describe("stopping a scan", () => {
  const buttons = () => [...document.querySelectorAll<HTMLElement>(".el-dialog__footer button")];

  async function asked() {
    const rest = new FakeRest();
    const actions = mount(ScanActions, { props: { state: shownOf(new TaskState(snapshot(1))) }, global: rest.mounting(), attachTo: document.body });
    await actions.find("button").trigger("click");
    await flushPromises();
    return actions;
  }

  test("offers to go on scanning beside to stop it, never two ways to cancel", async () => {
    const actions = await asked();
    expect(buttons().slice(-2).map((button) => button.textContent)).toEqual([english("task.keep_scanning"), english("task.cancel")]);
    actions.unmount();
  });

  test("is no question any more once the scan has ended by itself, which is said", async () => {
    const actions = await asked();
    await actions.setProps({ state: shownOf(new TaskState(snapshot(2, { status: "completed" }))) });
    expect(actions.findAllComponents(ConfirmDialog)[0]!.props("modelValue")).toBe(false);
    expect(actions.find("[role=status]").text()).toBe(english("task.ended_first"));
    actions.unmount();
  });
});

test("a stage that was cancelled or failed keeps its bar as far as it came", () => {
  const ended = (status: "cancelled" | "failed", progress: number) => ({ status, progress, started_at: at(0), finished_at: at(9) });
  const own = [{ ...ended("cancelled", 63) }, { ...ended("failed", 20) }];
  const stages = snapshot(1).stages.map((one, index) => ({ ...one, ...own[index] }));
  const state = new TaskState(snapshot(1, { status: "cancelled", stages, completed_at: at(9) }));
  const gantt = mount(StageGantt, { props: { state: shownOf(state), findings: 0, nowMs: Date.parse(at(10)) }, global });
  expect(gantt.findAll(".done").map((done) => (done.element as HTMLElement).style.width)).toEqual(["63%", "20%"]);
  const told = (status: "cancelled" | "failed", progress: number) => `${english(`stage_status.${status}`)} · ${progress}%`;
  expect(gantt.findAll(".status").slice(0, 2).map((status) => status.text())).toEqual([told("cancelled", 63), told("failed", 20)]);
});

test("the tiles count findings and notes, as the headings above them do", async () => {
  const warning = { code: "partial" as const, message: "a part", attempt: 1 };
  const violations = { ...NO_VIOLATIONS, total: 3, recent: [] };
  const state = new TaskState(snapshot(1, { status: "completed", warnings: [warning, warning], violations, findings: { ...NO_VIOLATIONS, total: 2 }, log_counts: { ERROR: 1 } }));
  const tiles = mount(StatTiles, { props: { state: shownOf(state), findings: 2, nowMs: 0 }, global });
  const valueOf = (key: "stat.findings" | "stat.trouble") => tiles.findAll(".tile").find((tile) => tile.find("dt").text() === english(key))!.find("dd").text();
  expect([valueOf("stat.findings"), valueOf("stat.trouble")]).toEqual(["2", "2 / 1"]);
  await tiles.setProps({ findings: null });
  expect(valueOf("stat.findings")).toBe("—"); // not known yet
  const notes = mount(WarningList, { props: { warnings: state.warnings, ended: true }, global });
  expect(notes.find("summary").text()).toBe(english("warnings.incomplete", { count: 2 }));
});

test("notes say that results are incomplete when the scan has ended, and nothing else is said so", async () => {
  const of = (...codes: SnapshotWarning["code"][]) => codes.map((code) => ({ code, message: code, attempt: 1 }));
  const notes = mount(WarningList, { props: { warnings: of("degraded", "queued"), ended: false }, global });
  expect(notes.find("summary").text()).toBe(english("warnings.summary", { count: 2, kinds: `${english("warning.degraded")}, ${english("warning.queued")}` }));
  await notes.setProps({ ended: true });
  expect(notes.find("summary").text()).toBe(english("warnings.incomplete", { count: 2 }));
  await notes.setProps({ warnings: of("long_running") });
  expect(notes.find("summary").text()).toBe(english("warnings.summary", { count: 1, kinds: english("warning.long_running") }));
});

test("the verdict has a bar while the scan runs, and none after", async () => {
  const state = new TaskState(snapshot(1));
  state.apply({ ...progress(2, 40), eta_min_s: 60, eta_max_s: 600 });
  const banner = mount(VerdictBanner, { props: { state: shownOf(state) }, global });
  expect(banner.find("progress").attributes("value")).toBe("40");
  expect(banner.text()).toContain("left");
  await banner.setProps({ state: shownOf(new TaskState(snapshot(3, { status: "completed", verdict: { result: "clean" } }))) });
  expect(banner.find("progress").exists()).toBe(false);
  expect(banner.attributes("data-tone")).toBe("good");
});
