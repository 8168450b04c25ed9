// @vitest-environment happy-dom
/** Parts of a long log: a line that a link names, a search over all of it, and what is downloaded. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Router } from "vue-router";

import LogPanel from "@/components/LogPanel.vue";
import { logFilterOf } from "@/composables/useLogFilter";
import { shownOf } from "@/composables/useScan";
import { LOG_LEVELS } from "@/generated/contract";
import { TaskState } from "@/realtime";
import { setLanguage } from "@/texts";

import { english } from "../support/english";
import { FakeRest, problem, type Asked } from "../support/fakeRest";
import { logs, snapshot } from "../support/frames";

const LOG = 9_000;
const HITS = [70, 4_000, 8_999];
let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
});

/** As the server reads: 5,000 lines at once for words, and the same position again at the end. */
function answer({ query }: Asked) {
  const [after, limit, q] = [Number(query.get("after_log_seq")), Number(query.get("limit")), query.get("q")];
  if (q === null) {
    const items = logs(1, after + 1, Math.max(0, Math.min(limit, LOG - after))).logs;
    return { items, next_after_log_seq: items.at(-1)?.log_seq ?? after };
  }
  const bound = after + 5_000;
  const items = HITS.filter((seq) => seq > after && seq <= bound).map((seq) => ({ ...logs(1, seq, 1).logs[0]!, message: `casino ${seq}` }));
  return { items, next_after_log_seq: bound < LOG ? bound : after };
}

/** The panel of a scan of whose log the last 100 lines are here. */
async function open(line?: number) {
  const state = new TaskState(snapshot(1));
  state.apply(logs(2, LOG - 99, 100));
  rest.answers[`GET /monitor/tasks/${state.taskId}/logs`] ??= answer;
  const global = rest.mounting();
  const router = global.plugins[1] as Router;
  await router.push({ name: "scan", params: { id: state.taskId }, query: line === undefined ? {} : { line } });
  const panel = mount(LogPanel, { props: { state: shownOf(state), attempt: null, addLines: () => {} }, global, attachTo: document.body });
  await flushPromises();
  return { panel, router, path: `GET /monitor/tasks/${state.taskId}/logs` };
}

test.each([["page_crawl", "页面爬取"], ["log", "日志"], ["crawl", "crawl"]])("whence a line comes is said in words: %s", async (module, said) => {
  setLanguage("zh-CN");
  const state = new TaskState(snapshot(1));
  const some = logs(2, 1, 1);
  state.apply({ ...some, logs: some.logs.map((line) => ({ ...line, module })) });
  const panel = mount(LogPanel, { props: { state: shownOf(state), attempt: null, addLines: () => {} }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  expect(panel.find(".line .module").text()).toBe(said);
});

test("a line that a link names is shown among those around it, wherever it stands", async () => {
  const { panel } = await open(4_321);
  expect(panel.find(".part").text()).toBe("Lines 4,121 to 4,520");
  expect(panel.find(".full").text()).toContain("line 4321");
  expect(panel.find(".full a").attributes("href")).toMatch(/\?line=4321$/);
  expect(panel.find(".full code").text()).toMatch(/^http.*#\/scans\/.*\?line=4321$/);
  await panel.find(".jump").trigger("click");
  await flushPromises();
  expect(panel.find(".part").exists()).toBe(false);
});

test("one that is here is not asked for, and one that is gone is said to be", async () => {
  const { panel, router } = await open(LOG - 5);
  expect(rest.asked).toEqual([]);
  expect(panel.find(".full").text()).toContain(`line ${LOG - 5}`);
  await router.replace({ query: { line: 77_777 } });
  await flushPromises();
  expect(panel.find(".problem").text()).toBe(english("log.line_gone"));
});

test("a link with nonsense shows the end", async () => {
  const { panel } = await open(-1);
  expect(panel.find(".part").exists()).toBe(false);
  expect(panel.find(".problem").exists()).toBe(false);
  expect(rest.asked).toEqual([]);
});

test("a search over the whole log counts its hits, and leads from one to what is around it", async () => {
  const { panel } = await open();
  await panel.find("input").setValue("casino");
  expect(panel.find("[role=status]").text()).toBe("0 hits");
  await panel.findAll("button").find((button) => button.text() === "Search the whole log")!.trigger("click");
  await flushPromises();
  expect(panel.find(".part").text()).toBe(english("log.part_hits", { count: 3 }));
  expect(panel.findAll(".line .message").map((line) => line.text())).toEqual(HITS.map((seq) => `casino ${seq}`));
  expect(rest.asked.map(({ query }) => query.get("after_log_seq"))).toEqual(["0", "5000"]);
  await panel.find(".line[data-seq='4000']").trigger("click");
  await panel.findAll("button").find((button) => button.text() === english("log.context"))!.trigger("click");
  await flushPromises();
  expect(panel.find(".part").text()).toBe("Lines 3,800 to 4,199");
  expect(panel.find(".full").text()).toContain("line 4000");
});

test("a stage leaves the lines of the others out, of those that come live as well, and is asked of the server", async () => {
  const { panel, path } = await open();
  await panel.find("select").setValue("page_crawl");
  expect(panel.find(".empty").text()).toBe("No line matches.");
  const state = new TaskState(snapshot(1));
  const some = logs(2, LOG, 2);
  state.apply({ ...some, logs: some.logs.map((line, index) => ({ ...line, module: index === 0 ? "page_crawl" : "third_party" })) });
  await panel.setProps({ state: shownOf(state) });
  expect(panel.findAll(".line .message").map((line) => line.text())).toEqual([`line ${LOG}`]);
  expect(panel.find(".section-head [role=status]").text()).toBe("1 hit");
  rest.answers[path] = { items: logs(1, 7, 1).logs, next_after_log_seq: 0 };
  await panel.findAll("button").find((button) => button.text() === "Search the whole log")!.trigger("click");
  await flushPromises();
  expect([rest.asked.at(-1)!.query.get("stage"), rest.asked.at(-1)!.query.get("level")]).toEqual(["page_crawl", null]);
  expect(panel.find(".part").text()).toBe(english("log.part_hits", { count: 1 }));
});

describe("the address", () => {
  test("says what is left out, with the stage, and what it says is shown", async () => {
    const { panel, router } = await open();
    vi.useFakeTimers();
    await panel.find(".level[data-level=INFO]").trigger("click");
    await panel.find("select").setValue("third_party");
    await panel.find("input").setValue(" casino ");
    await vi.advanceTimersByTimeAsync(400);
    vi.useRealTimers();
    await flushPromises();
    expect(router.currentRoute.value.query).toEqual({ level: "DEBUG,WARNING,ERROR", stage: "third_party", q: "casino" });
    await router.replace({ query: { stage: "page_crawl", tab: "log" } });
    await flushPromises();
    expect(panel.findAll("[aria-pressed=false]")).toEqual([]);
    expect((panel.find("select").element as HTMLSelectElement).value).toBe("page_crawl");
    expect((panel.find("input").element as HTMLInputElement).value).toBe("");
  });

  test("of a line names the line alone, and showing it clears the filter", async () => {
    const { panel, router } = await open();
    await router.replace({ query: { q: `line ${LOG - 5}` } });
    await flushPromises();
    await panel.find(".line").trigger("click");
    expect(panel.find(".full a").attributes("href")).toMatch(new RegExp(`\\?line=${LOG - 5}$`));
    await router.replace({ query: { q: "nothing", line: LOG - 5 } });
    await flushPromises();
    expect((panel.find("input").element as HTMLInputElement).value).toBe("");
  });

  test("with nonsense filters nothing; an empty level hides all of them", () => {
    expect(logFilterOf({ level: "LOUD", stage: "sleep", q: ["a"] }, ["page_crawl"])).toEqual({ hidden: new Set(), stage: "", search: "" });
    expect(logFilterOf({ level: "", stage: "page_crawl" }, ["page_crawl"])).toEqual({ hidden: new Set(LOG_LEVELS), stage: "page_crawl", search: "" });
    expect(logFilterOf({ level: "ERROR,LOUD", q: "x".repeat(500) }, [])).toEqual({ hidden: new Set(["DEBUG", "INFO", "WARNING"]), stage: "", search: "x".repeat(200) });
  });

  test("that comes late does not call back who has left", async () => {
    const { panel, router } = await open();
    vi.useFakeTimers();
    await panel.find("input").setValue("casino");
    await router.push({ name: "scans" });
    await vi.advanceTimersByTimeAsync(400);
    vi.useRealTimers();
    await flushPromises();
    expect(router.currentRoute.value.fullPath).toBe("/scans");
  });
});

test("what is downloaded is the whole log, or what the filters leave of it", async () => {
  const { panel, path } = await open();
  const saved = vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:x");
  rest.answers[path] = () => new Response("lines");
  const press = async (name: string) => {
    await panel.findAll("button").find((button) => button.text() === name)!.trigger("click");
    await flushPromises();
  };
  await press("Download full log");
  await panel.find(".level[data-level=INFO]").trigger("click");
  await panel.find("input").setValue("casino");
  await panel.find("select").setValue("page_crawl");
  await press("Download this view");
  expect(rest.asked.map(({ query }) => [query.get("format"), query.get("level"), query.get("stage"), query.get("q")])).toEqual([
    ["text", null, null, null], ["text", "DEBUG,WARNING,ERROR", "page_crawl", "casino"],
  ]);
  expect(saved).toHaveBeenCalledTimes(2);
  rest.answers[path] = problem(503, "unavailable");
  await press("Download full log");
  expect(panel.find(".problem").exists()).toBe(true);
});
