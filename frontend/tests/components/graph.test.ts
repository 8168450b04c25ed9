// @vitest-environment happy-dom
/** The graph of a scan: what is drawn of its findings, its bounds, and where it leads. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { defineComponent } from "vue";
import type { Router } from "vue-router";

import GraphPanel from "@/components/scan/GraphPanel.vue";
import { MOST_PAGES, drawingOf, graphOf, tallestOf } from "@/components/scan/riskGraph";
import { shownOf } from "@/composables/useScan";
import type { FindingDetail, RiskLevel } from "@/generated/rest";
import { TaskState } from "@/realtime";
import { setLanguage, textIn } from "@/texts";

import { english } from "../support/english";
import { FakeRest, problem } from "../support/fakeRest";
import { CASINO, HOME, HOSTILE, finding, reference } from "../support/finding";
import { TASK, snapshot } from "../support/frames";

/** In the place of the drawing, which needs a canvas: a browser has it in the system tests. */
const Chart = defineComponent({ name: "RiskGraphChart", props: ["site", "rows", "label"], emits: ["open"], template: "<i />" });

let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
});

/** A domain to which these pages link, by their numbers. */
function found(domain: string, level: RiskLevel, pages: number[], more: Partial<FindingDetail> = {}): FindingDetail {
  const url = `http://${domain}/`;
  const references = pages.map((page) => reference(page, { page_id: page, page_url: `${HOME}${page}`, url, third_party: domain, hidden_by: null }));
  const risk = { level, level_name: level, score: 50, reasons: [] };
  const party = { domain } as FindingDetail["third_party"];
  return finding({ finding_id: `gambling.${domain}`, domain, risk, references, reference_count: pages.length, chains: [], third_party: party, ...more });
}

function detailsOf(...all: FindingDetail[]): Map<string, FindingDetail> {
  return new Map(all.map((one) => [one.domain, one]));
}

async function open(all: FindingDetail[], { total = all.length, status = "completed" as "completed" | "running", attempt = null as number | null } = {}) {
  rest.answers[`GET /tasks/${TASK}/findings`] = { items: all, total, truncated: false, attempt: 1, by_level: {}, domains: 1, open_counts: {}, open_domains: 1, dismissed: 0, checked: 1, checkable: 1 };
  for (const one of all) rest.answers[`GET /tasks/${TASK}/findings/${one.finding_id}`] ??= one;
  const global = rest.mounting();
  const panel = mount(GraphPanel, { props: { state: shownOf(new TaskState(snapshot(1, { status }))), attempt }, global: { ...global, stubs: { RiskGraphChart: Chart } } });
  await vi.dynamicImportSettled();
  await flushPromises();
  return { panel, router: global.plugins[1] as Router };
}

/** Of the scan: the live connection asks as well. */
function asked() {
  return rest.asked.filter(({ path }) => path.startsWith("/tasks"));
}

describe("what is drawn", () => {
  test("are the ways to each domain, the worst first, each page once", () => {
    const [low, high] = [found("shop.test", "low", [1, 2]), found("casino.test", "high", [2, 2, 3])];
    const { rows, isCut } = graphOf([low, high], detailsOf(low, high));
    expect(rows.map(({ page, domain }) => [page?.id, domain.name, domain.risk])).toEqual([
      [2, "casino.test", "high"], [3, "casino.test", "high"], [1, "shop.test", "low"], [2, "shop.test", "low"],
    ]);
    expect(isCut).toBe(false);
    const { nodes, links } = drawingOf("corp.test", rows, 300, 120);
    expect(nodes.filter(({ kind }) => kind === "page").map(({ name, risk, x }) => [name, risk, x])).toEqual([[`${HOME}2`, "high", 150], [`${HOME}3`, "high", 150], [`${HOME}1`, "low", 150]]);
    expect(links.map(({ source, target }) => `${source} > ${target}`)).toContain("site corp.test > page https://www.corp.test/2");
    expect(links).toHaveLength(3 + 4);
    expect(nodes.every(({ y }) => y > 0 && y < 120)).toBe(true);
    expect(tallestOf(rows)).toBe(3);
  });

  test("is who forwards, between the page and where it ends", () => {
    const all = finding({ references: [reference(1, { page_url: HOME, url: CASINO, third_party: "casino.test", via: "http://partner.test/" })] });
    const { rows } = graphOf([all], detailsOf(all));
    expect(rows.map(({ via, isHidden, page }) => [via, isHidden, page?.url])).toEqual([["partner.test", true, `${HOME}1`]]);
    const links = drawingOf("corp.test", rows, 300, 100).links.map(({ source, target, isHidden }) => [source, target, isHidden]);
    expect(links.slice(1)).toEqual([[`page ${HOME}1`, "via partner.test", true], ["via partner.test", "domain casino.test", false]]);
  });

  test("is the page of the finding when nothing more is known of it, or the site alone", () => {
    const [one, two] = [found("a.test", "high", []), found("b.test", "high", [], { page_url: null })];
    const { rows } = graphOf([one, two], detailsOf(one));
    expect(rows.map(({ page, domain }) => [page?.url, page?.id, domain.isParty])).toEqual([[HOME, null, true], [undefined, undefined, false]]);
    expect(drawingOf("corp.test", rows, 10, 10).links.map(({ source, target }) => [source, target])).toContainEqual(["site corp.test", "domain b.test"]);
  });

  test("are so many pages at most, and every domain has one of them", () => {
    const many = found("many.test", "critical", Array.from({ length: 50 }, (_, index) => index + 1));
    const few = found("few.test", "low", [99]);
    const { rows, isCut } = graphOf([many, few], detailsOf(many, few));
    expect(new Set(rows.map(({ page }) => page?.url)).size).toBe(MOST_PAGES);
    expect(rows.at(-1)!.domain.name).toBe("few.test");
    expect(isCut).toBe(true);
    const more = found("more.test", "low", [1], { reference_count: 70 });
    expect(graphOf([more], detailsOf(more)).isCut).toBe(true);
  });

  test("is nothing without findings", () => {
    expect(graphOf([], new Map())).toEqual({ rows: [], isCut: false });
  });
});

describe("the panel", () => {
  test("has a table with all that is drawn, which leads to views of this page alone and stays text", async () => {
    const { panel } = await open([found("casino.test", "high", [7])], { attempt: 2 });
    const row = panel.find("tbody tr");
    expect(row.findAll("a").map((link) => link.attributes("href"))).toEqual([
      `#/scans/${TASK}/pages/7?attempt=2`, `#/scans/${TASK}/third-parties/casino.test?attempt=2`, `#/scans/${TASK}/findings/gambling.casino.test?attempt=2`,
    ]);
    expect(row.find("a").text()).toBe(HOSTILE);
    expect(row.find(".risk").attributes("data-risk")).toBe("high");
    expect(panel.findComponent(Chart).props("label")).toContain("1 pages of corp.test");
    setLanguage("zh-CN");
    await flushPromises();
    expect(panel.find("h2").text()).toBe(textIn("zh-CN", "graph.title"));
    expect(row.text()).toContain("涉赌内容");
  });

  test("leads from a node to the view of what it stands for", async () => {
    const own = found("corp.test", "medium", [], { third_party: null });
    const { panel, router } = await open([found("casino.test", "high", [7]), own]);
    const press = async (kind: string, name: string) => {
      panel.findComponent(Chart).vm.$emit("open", { kind, name });
      await flushPromises();
      return router.currentRoute.value.fullPath;
    };
    expect(await press("site", "corp.test")).toBe("/");
    expect(await press("domain", "casino.test")).toBe(`/scans/${TASK}/third-parties/casino.test`);
    expect(await press("page", `${HOME}7`)).toBe(`/scans/${TASK}/pages/7`);
    expect(await press("domain", "corp.test")).toBe(`/scans/${TASK}/findings/gambling.corp.test`);
  });

  test("says what it leaves out, and of which domains the references could not be read", async () => {
    rest.answers[`GET /tasks/${TASK}/findings/gambling.b.test`] = problem(503, "result_unreadable");
    const { panel } = await open([found("a.test", "high", [1], { reference_count: 9 }), found("b.test", "low", [2])], { total: 47 });
    expect(panel.findAll("[role=status]").map((notice) => notice.text())).toEqual([
      english("graph.cut_findings", { shown: 2, count: 47 }),
      english("graph.cut_pages", { count: 2 }),
      english("graph.unread", { count: 1 }),
    ]);
    expect(panel.findAll("tbody tr")).toHaveLength(2);
  });

  test("reads one finding of each domain, and asks for so many at most", async () => {
    await open([found("a.test", "high", [1]), { ...found("a.test", "low", [1]), finding_id: "fraud.a.test" }, found("b.test", "low", [1])]);
    expect(asked().map(({ path }) => path)).toEqual(["findings", "findings/gambling.a.test", "findings/gambling.b.test"].map((path) => `/tasks/${TASK}/${path}`));
    expect(asked()[0]!.query.get("page_size")).toBe("30");
  });

  test("says that there is nothing, and of a scan that runs that it will come, without asking", async () => {
    const { panel } = await open([], { status: "running" });
    expect(panel.find("[data-state=running]").text()).toBe(english("graph.running"));
    expect(asked()).toEqual([]);
    await panel.setProps({ state: shownOf(new TaskState(snapshot(1, { status: "completed" }))) });
    await flushPromises();
    expect(panel.find("[data-state=empty]").text()).toBe(english("graph.empty"));
  });

  test("that cannot be read says why, and is asked for again", async () => {
    rest.answers[`GET /tasks/${TASK}/findings/gambling.a.test`] = problem(503, "result_unreadable");
    const { panel } = await open([found("a.test", "high", [1])]);
    expect(panel.find("[data-state=failed]").text()).toContain(english("graph.failed"));
    rest.answers[`GET /tasks/${TASK}/findings/gambling.a.test`] = found("a.test", "high", [1]);
    await panel.find("[data-state=failed] button").trigger("click");
    await flushPromises();
    expect(panel.findAll("tbody tr")).toHaveLength(1);
  });
});
