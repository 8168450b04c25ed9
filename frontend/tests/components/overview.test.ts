// @vitest-environment happy-dom
/** All scans at a glance, and the search over them. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { ApiError } from "@/api/problem";
import ResourceState from "@/components/ResourceState.vue";
import SearchBox from "@/components/SearchBox.vue";
import SparkLine from "@/components/sites/SparkLine.vue";
import SiteList from "@/components/overview/SiteList.vue";
import { dayName, linesOf } from "@/components/overview/trend";
import { hitsOf } from "@/composables/useSearch";
import { NO_VIOLATIONS } from "@/generated/contract";
import type { UserResponse } from "@/generated/rest";
import { useConnection } from "@/stores/connection";
import { useMe } from "@/stores/me";
import { switchSingleKeys } from "@/singleKeys";
import { setLanguage } from "@/texts";
import OverviewView from "@/views/OverviewView.vue";

import { english } from "../support/english";
import { FakeRest, problem } from "../support/fakeRest";

let rest: FakeRest;
enableAutoUnmount(afterEach);
afterEach(() => vi.useRealTimers());
beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
});

function site(domain: string, more: object = {}) {
  return {
    target_domain: domain, user_id: "u", task_id: `last-${domain}`, attempt: 1, status: "completed", verdict: { result: "clean", reasons: [] },
    completed_at: "2026-11-27T02:00:00Z", shown_task_id: `last-${domain}`, shown_attempt: 1, finding_counts: { ...NO_VIOLATIONS }, ...more,
  };
}

function overview(more: object = {}) {
  return {
    finding_counts: { ...NO_VIOLATIONS, total: 3, high: 3, needs_review: 2 }, sites: [site("a.test")], total_sites: 1, truncated: false,
    unfinished: [], total_unfinished: 0, trend: [{ day: "2026-11-27", sites: 1, finding_counts: { ...NO_VIOLATIONS } }], service: null, ...more,
  };
}

const SERVICE = {
  status: "degraded", checks: { database: "ok", sweep: "ok", bus: "degraded", captures: "ok", results: "ok" },
  workers: { alive: 2, silent: 1, concurrency: 4, running: 1 },
};

async function open() {
  const view = mount(OverviewView, { global: { ...rest.mounting(), stubs: { TrendChart: true, CreateScanDialog: true } }, attachTo: document.body });
  await flushPromises();
  return view;
}

test("it has the numbers by risk, what a person should look at, and nothing of the service for most people", async () => {
  rest.answers["GET /overview"] = overview();
  const view = await open();
  expect(view.find(".tile[data-risk=high]").text()).toBe("high3");
  expect(view.find(".tile[data-risk=critical]").attributes("data-none")).toBeDefined();
  expect(view.find(".review").text()).toBe("2 need a review");
  expect(view.find(".review").attributes("href")).toBe("#/review");
  expect(view.text()).not.toContain("Service");
});

test("administrators see what does not work, and who is silent", async () => {
  rest.answers["GET /overview"] = overview({ service: SERVICE });
  const text = (await open()).text();
  for (const said of ["Degraded", english("check.bus"), english("overview.workers", { count: 2, running: 1, concurrency: 4 }), "1 worker is not responding"]) expect(text).toContain(said);
  expect(text).not.toContain(english("check.database"));
});

test("a notice has it read anew, once for many", async () => {
  vi.useFakeTimers();
  rest.answers["GET /overview"] = overview();
  const global = { ...rest.mounting(), stubs: { TrendChart: true, CreateScanDialog: true } };
  const listeners: (() => void)[] = [];
  vi.spyOn(useConnection(), "onNotice").mockImplementation((listener) => {
    listeners.push(listener as () => void);
    return () => {};
  });
  mount(OverviewView, { global });
  await vi.advanceTimersByTimeAsync(10);
  for (let number = 0; number < 5; number += 1) listeners.forEach((listener) => listener());
  await vi.advanceTimersByTimeAsync(10_000);
  expect(rest.count("GET", "/overview")).toBe(2);
});

test("nothing yet, a failure and a retry are said", async () => {
  rest.answers["GET /overview"] = overview({ sites: [], total_sites: 0, finding_counts: NO_VIOLATIONS });
  expect((await open()).find(".state h2").text()).toBe("No scans yet");
  rest.answers["GET /overview"] = problem(503, "unavailable");
  const view = await open();
  expect(view.find("[data-state=failed] h1").text()).toBe(english("overview.failed"));
  rest.answers["GET /overview"] = overview();
  await view.find("[data-state=failed] button").trigger("click");
  await flushPromises();
  expect(view.find(".site .domain").text()).toBe("a.test");
});

test("a failure beside what was read before can be tried again", async () => {
  const state = mount(ResourceState, { props: { isReady: true, failure: new ApiError(0, "slow"), title: "X" }, global: rest.mounting() });
  expect(state.find("[role=alert]").text()).toBe(`X: ${english("error.slow")}`);
  await state.find("button").trigger("click");
  expect(state.emitted("retry")).toHaveLength(1);
});

test("a site whose last scan came to nothing is not clean, and what stands is named as earlier", () => {
  const unknown = site("a.test", {
    verdict: { result: "inconclusive", reasons: [] }, attempt: 3, shown_task_id: "old", shown_attempt: 2, finding_counts: { ...NO_VIOLATIONS, total: 2, high: 2 },
  });
  const sites = [unknown, site("old.test", { verdict: null }), site("failed.test", { status: "failed", verdict: null })];
  const list = mount(SiteList, { props: { sites: sites as never, total: 3 }, global: rest.mounting() });
  expect(list.findAll(".verdict").map((verdict) => verdict.text())).toEqual(["Inconclusive", "Inconclusive", "Failed"]);
  expect(list.find(".risks a.small").text()).toBe("from an earlier scan");
  expect(list.find(".risks a.small").attributes("href")).toBe("#/scans/old");
  expect(list.find(".site .domain").attributes("href")).toBe("#/scans/last-a.test");
});

test("the number of each risk leads to these findings, of the scan and attempt that it counts", () => {
  const counts = { ...NO_VIOLATIONS, total: 3, high: 2, low: 1 };
  const sites = [site("a.test", { finding_counts: counts }), site("b.test", { finding_counts: counts, attempt: 3, shown_attempt: 2 })];
  const list = mount(SiteList, { props: { sites: sites as never, total: 2 }, global: rest.mounting() });
  expect(list.findAll("a.of-risk").map((link) => link.attributes("href"))).toEqual([
    "#/scans/last-a.test?risk=high", "#/scans/last-a.test?risk=low", "#/scans/last-b.test?attempt=2&risk=high", "#/scans/last-b.test?attempt=2&risk=low",
  ]);
});

test.each(["en", "zh-CN"] as const)("days of UTC are said to be so, as times on the page are the reader's (%s)", async (language) => {
  setLanguage(language);
  rest.answers["GET /overview"] = overview();
  expect((await open()).find("#trend-title").text()).toContain("UTC");
  expect(mount(SparkLine, { props: { counts: [1, 2] }, global: rest.mounting() }).find("title").text()).toContain("UTC");
});

test("many sites are shown when they are asked for", async () => {
  const sites = Array.from({ length: 50 }, (_, number) => site(`${number}.test`));
  const list = mount(SiteList, { props: { sites: sites as never, total: 70 }, global: rest.mounting() });
  expect(list.findAll(".site")).toHaveLength(10);
  await list.find("button").trigger("click");
  expect(list.findAll(".site")).toHaveLength(50);
  expect(list.text()).toContain(english("overview.worst", { count: 50 }));
});

test("the lines over time are stacked with the worst on top, by days of UTC", () => {
  const lines = linesOf([{ day: "2026-11-26", sites: 1, finding_counts: { high: 2 } }, { day: "2026-11-27", sites: 1, finding_counts: { low: 1 } }]);
  expect(lines.map(({ risk, values }) => [risk, values])).toEqual([["low", [0, 1]], ["medium", [0, 0]], ["high", [2, 0]], ["critical", [0, 0]]]);
  expect(dayName("2026-11-27", "en")).toBe("Nov 27");
});

const FOUND = {
  sites: ["shop.test"],
  scans: [{ task_id: "t1", target_domain: "shop.test", status: "running" }],
  findings: [{ task_id: "t1", finding_id: "gambling.shop.casino.test", target_domain: "shop.test", domain: "shop.casino.test", risk_level: "high" }],
};

const PARTIES = { items: [{ domain: "shop-cdn.test" }], total: 1 };

function key(target: EventTarget, name: string, more: KeyboardEventInit = {}) {
  const event = new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event.defaultPrevented;
}

test("the search opens by / and Ctrl-K, but not while somebody types", async () => {
  const box = mount(SearchBox, { global: rest.mounting(), attachTo: document.body });
  const dialog = box.find("dialog").element as HTMLDialogElement;
  const field = document.body.appendChild(document.createElement("input"));
  expect(key(field, "/")).toBe(false);
  expect(dialog.open).toBe(false);
  expect(key(document.body, "/")).toBe(true);
  expect(dialog.open).toBe(true);
  dialog.close();
  expect(key(field, "k", { ctrlKey: true })).toBe(true);
  expect(dialog.open).toBe(true);
  dialog.close();
  switchSingleKeys(false);
  await flushPromises();
  expect(key(document.body, "/")).toBe(false);
  expect(dialog.open).toBe(false);
  expect(box.find(".open").attributes("title")).toBe(english("search.keys_command"));
  expect(key(document.body, "k", { ctrlKey: true })).toBe(true);
  switchSingleKeys(true);
  field.remove();
});

test("what is found is chosen by arrow keys and opened by Enter; one answer serves what was typed last", async () => {
  vi.useFakeTimers();
  rest.answers["GET /search"] = FOUND;
  rest.answers["GET /third-parties"] = PARTIES;
  const global = rest.mounting();
  const box = mount(SearchBox, { global, attachTo: document.body });
  const pushed = vi.spyOn(global.plugins[1] as import("vue-router").Router, "push");
  key(document.body, "/");
  const input = box.find("input");
  for (const typed of ["s", "sh", "shop"]) await input.setValue(typed);
  await vi.advanceTimersByTimeAsync(500);
  expect(rest.asked.map(({ path, query }) => [path, query.get("q")])).toEqual([["/search", "shop"], ["/third-parties", "shop"]]);
  expect(box.findAll(".hit .domain:first-child").map((hit) => hit.text())).toEqual(["shop.test", "shop.casino.test", "shop-cdn.test", "shop.test"]);
  expect(box.findAll(".group").map((group) => group.text())).toEqual(["Sites", "Findings", "Third parties", "Scans"]);
  key(input.element, "ArrowDown");
  await box.vm.$nextTick();
  expect(box.find("[aria-selected=true]").text()).toContain("shop.casino.test");
  expect(input.attributes("aria-activedescendant")).toBe(box.find("[aria-selected=true]").attributes("id"));
  key(input.element, "Enter");
  expect(pushed).toHaveBeenCalledWith({ name: "finding", params: { id: "t1", finding: "gambling.shop.casino.test" } });
  expect((box.find("dialog").element as HTMLDialogElement).open).toBe(false);
});

test("Enter before the answer waits for it, and opens nothing of what was found before", async () => {
  vi.useFakeTimers();
  rest.answers["GET /third-parties"] = PARTIES;
  rest.answers["GET /search"] = FOUND;
  const global = rest.mounting();
  const box = mount(SearchBox, { global, attachTo: document.body });
  const pushed = vi.spyOn(global.plugins[1] as import("vue-router").Router, "push");
  const input = box.find("input");
  await input.setValue("shop");
  await vi.advanceTimersByTimeAsync(500);
  rest.answers["GET /search"] = { ...FOUND, sites: ["other.test"] };
  await input.setValue("other");
  key(input.element, "Enter");
  expect(pushed).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(500);
  expect(pushed.mock.calls).toEqual([[{ name: "scans", query: { domain: "other.test" } }]]);
  rest.answers["GET /search"] = rest.answers["GET /third-parties"] = problem(503, "unavailable");
  await input.setValue("others");
  key(input.element, "Enter");
  await vi.advanceTimersByTimeAsync(500);
  key(input.element, "Enter");
  await input.setValue("other");
  key(input.element, "Enter");
  await input.setValue("others again");
  await vi.advanceTimersByTimeAsync(500);
  expect(pushed).toHaveBeenCalledTimes(1);
});

test("nothing found and a failure are said", async () => {
  vi.useFakeTimers();
  rest.answers["GET /search"] = { sites: [], scans: [], findings: [] };
  rest.answers["GET /third-parties"] = { items: [], total: 0 };
  const box = mount(SearchBox, { global: rest.mounting(), attachTo: document.body });
  await box.find("input").setValue("x");
  await vi.advanceTimersByTimeAsync(500);
  expect(box.find("[role=status]").text()).toBe("No results");
  rest.answers["GET /search"] = problem(503, "unavailable");
  await box.find("input").setValue("xy");
  await vi.advanceTimersByTimeAsync(500);
  expect(box.find(".problem").exists()).toBe(true);
});

test("hits lead to the list of a site, to its finding, to a third party, to its scan", () => {
  expect(hitsOf(FOUND as never, PARTIES.items as never).map(({ kind, to }) => [kind, (to as { name: string }).name])).toEqual([["sites", "scans"], ["findings", "finding"], ["parties", "inventory-party"], ["scans", "scan"]]);
});

test("what one source finds is shown while the other is on its way, stays when that fails, and keeps the choice", async () => {
  vi.useFakeTimers();
  let answer = (_: unknown): void => {};
  rest.answers["GET /search"] = FOUND;
  rest.answers["GET /third-parties"] = () => new Promise((resolve) => (answer = resolve));
  const box = mount(SearchBox, { global: rest.mounting(), attachTo: document.body });
  const [input, domains] = [box.find("input"), () => box.findAll(".hit .domain:first-child").map((hit) => hit.text())];
  await input.setValue("shop");
  await vi.advanceTimersByTimeAsync(500);
  expect(domains()).toEqual(["shop.test", "shop.casino.test", "shop.test"]);
  for (let step = 0; step < 2; step += 1) key(input.element, "ArrowDown");
  answer({ items: [{ domain: "shop-cdn.test" }] });
  await vi.advanceTimersByTimeAsync(10);
  expect(domains()).toEqual(["shop.test", "shop.casino.test", "shop-cdn.test", "shop.test"]);
  expect(box.findAll(".hit").map((hit) => hit.attributes("aria-selected"))).toEqual(["false", "false", "false", "true"]);
  await input.setValue("shops");
  await vi.advanceTimersByTimeAsync(500);
  answer(problem(503, "unavailable"));
  await vi.advanceTimersByTimeAsync(10);
  expect(domains()).toEqual(["shop.test", "shop.casino.test", "shop.test"]);
  expect(box.find(".problem").exists()).toBe(true);
  rest.answers["GET /search"] = { sites: [], scans: [], findings: [] };
  await input.setValue("x");
  await vi.advanceTimersByTimeAsync(500);
  expect(box.text()).not.toContain("No results");
  answer({ items: [] });
  await vi.advanceTimersByTimeAsync(10);
  expect(box.find("[role=status]").text()).toBe("No results");
});

test("views of the page are found by a part of their names, those of administrators by these alone", async () => {
  vi.useFakeTimers();
  rest.answers["GET /search"] = { sites: [], scans: [], findings: [] };
  rest.answers["GET /third-parties"] = { items: [] };
  const global = rest.mounting();
  const box = mount(SearchBox, { global, attachTo: document.body });
  const pushed = vi.spyOn(global.plugins[1] as import("vue-router").Router, "push");
  const find = async (words: string) => {
    await box.find("input").setValue(words);
    await vi.advanceTimersByTimeAsync(500);
    return box.findAll(".hit").map((hit) => hit.text());
  };
  const sections = ["feed", "rules", "channels", "deliveries"] as const;
  expect(await find("notif")).toEqual(sections.map((section) => `${english("feed.title")} › ${english(`notify.${section}`)}`));
  const settings = english("search.settings");
  expect(await find(settings)).toEqual([]);
  useMe().user = { role: "admin" } as UserResponse;
  expect(await find(settings.toUpperCase())).toEqual([`${english("admin.title")} › ${english("admin.configuration")}`]);
  key(box.find("input").element, "Enter");
  expect(pushed).toHaveBeenCalledWith({ name: "admin", params: { section: "configuration" } });
});
