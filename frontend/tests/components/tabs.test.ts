// @vitest-environment happy-dom
/** The tabs of a scan and the lists in them. */

import { flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { RouteLocationNormalizedLoaded } from "vue-router";

import ScanTabs from "@/components/scan/ScanTabs.vue";
import { tabOf, withTab } from "@/components/scan/tabs";
import { shownOf } from "@/composables/useScan";
import { TaskState } from "@/realtime";
import { createPageRouter } from "@/router";
import { useAccount } from "@/stores/account";
import { setLanguage } from "@/texts";

import { english } from "../support/english";
import { FakeRest, problem } from "../support/fakeRest";
import { TASK as TASK_ID, logs, snapshot } from "../support/frames";

const SUBDOMAINS = `/tasks/${TASK_ID}/subdomains`;
const PAGES = `/tasks/${TASK_ID}/pages`;
const HOST = { name: "www.corp.test", sources: ["target", "crt.sh"], addresses: ["192.0.2.7"], cnames: [], http_alive: false, https_alive: true, wildcard: false };
const PAGE = {
  url: "https://www.corp.test/old", depth: 2, status: 404, content_type: "text/html", charset: "utf-8", title: "<b>Old</b>", size: 18_213, parsed: true,
  error: null, duration_ms: 120, truncated: false, page_id: 13, findings: 7,
};

let rest: FakeRest;
let global: ReturnType<FakeRest["mounting"]>;

beforeEach(async () => {
  setLanguage("en");
  rest = new FakeRest();
  rest.answers = { [`GET ${SUBDOMAINS}`]: { items: [HOST], total: 1, truncated: false, attempt: 1 }, [`GET ${PAGES}`]: { items: [PAGE], total: 120, truncated: false, attempt: 1 } };
  global = rest.mounting();
});

async function opened(address: string, over: Parameters<typeof snapshot>[1] = {}, isRemoved = false): Promise<VueWrapper> {
  const router = global.plugins[1] as ReturnType<typeof import("vue-router").createRouter>;
  await router.push(`/scans/${TASK_ID}${address}`);
  const state = new TaskState(snapshot(1, over));
  state.apply(logs(2, 1, 3));
  const tabs = mount(ScanTabs, { props: { state: shownOf(state), attempt: null, addLines: () => {}, isRemoved }, global });
  await vi.dynamicImportSettled();
  await flushPromises();
  return tabs;
}

test("an address names the tab, and a named line of the log opens the log", () => {
  expect([tabOf({}), tabOf({ tab: "pages" }), tabOf({ tab: "nonsense" }), tabOf({ tab: "pages", line: "7" })]).toEqual(["log", "pages", "log", "log"]);
  expect(withTab({ attempt: "2", line: "7" }, "pages")).toEqual({ attempt: "2", tab: "pages" });
  expect(withTab({ attempt: "2", tab: "pages" }, "log")).toEqual({ attempt: "2" });
});

test("a tab opens where the reader is; another scan begins at its top, whatever tab was open", () => {
  const router = createPageRouter(useAccount());
  const placeFor = (to: string, from: string) =>
    router.options.scrollBehavior!(router.resolve(to) as RouteLocationNormalizedLoaded, router.resolve(from) as RouteLocationNormalizedLoaded, null);
  expect(placeFor(`/scans/${TASK_ID}?tab=pages`, `/scans/${TASK_ID}`)).toBe(false);
  expect(placeFor(`/scans/${TASK_ID}?stage=page_crawl`, `/scans/${TASK_ID}`)).toBe(false); // the log is filtered
  expect(placeFor(`/scans/${TASK_ID}?attempt=1`, `/scans/${TASK_ID}`)).toEqual({ top: 0 });
  expect(placeFor(`/scans/${TASK_ID.replace(/.$/, "f")}`, `/scans/${TASK_ID}?tab=pages`)).toEqual({ top: 0 });
});

describe("the tabs", () => {
  test("show the log first, with how much there is in each, and read no list that nobody opened", async () => {
    const tabs = await opened("", { statistics: { ...snapshot(1).statistics, total_pages_crawled: 1_200, total_subdomains: 3 } });
    expect(tabs.find("[aria-current=page]").attributes("data-tab")).toBe("log");
    expect(tabs.findAll(".line")).toHaveLength(3);
    expect(tabs.findAll(".tabs a").map((link) => link.find(".count").text())).toEqual(["3", "", "3", "1,200", ""]);
    expect(rest.asked).toEqual([]);
  });

  test("keep what was searched for in the log while another one is open", async () => {
    const tabs = await opened("");
    await tabs.find("input").setValue("line 2");
    await tabs.find("[data-tab=pages]").trigger("click");
    await flushPromises();
    await vi.dynamicImportSettled();
    await flushPromises();
    expect(tabs.find(".fetched").exists()).toBe(true);
    await tabs.find("[data-tab=log]").trigger("click");
    await flushPromises();
    expect(tabs.findAll(".line .message").map((line) => line.text())).toEqual(["line 2"]);
  });

  test("are the log alone when the results are gone", async () => {
    const tabs = await opened("?tab=pages", {}, true);
    expect(tabs.findAll(".tabs a").map((link) => link.attributes("data-tab"))).toEqual(["log"]);
    expect(tabs.find("[role=log]").exists()).toBe(true);
  });
});

describe("the subdomains", () => {
  test("say which name servers give a zone to anyone", async () => {
    const zone = { zone: "corp.test", name: "ns1.corp.test", transfer: "open", walk: "none", names: 12 };
    rest.answers[`GET ${SUBDOMAINS}`] = { items: [HOST], total: 1, truncated: false, attempt: 1, open_zones: [zone] };
    const list = await opened("?tab=subdomains");
    expect(list.find(".open-zone").text()).toBe(english("subdomains.open_zone", { server: "ns1.corp.test", zone: "corp.test", names: 12 }));
  });

  test("say who named them and whether they answer, in the reader's language", async () => {
    const list = await opened("?tab=subdomains");
    expect(list.find("tbody tr").text()).toContain("HTTPS only");
    expect(list.find("tbody tr").text()).toContain("target, crt.sh");
    expect(list.find("[role=status]").text()).toBe(english("listing.partial"));
    setLanguage("zh-CN");
    await flushPromises();
    expect(list.find("tbody tr").text()).toContain("仅 HTTPS");
  });

  test("are searched on the server, from the first page on", async () => {
    const list = await opened("?tab=subdomains");
    vi.useFakeTimers();
    await list.find("input").setValue("mail");
    rest.answers[`GET ${SUBDOMAINS}`] = { items: [], total: 0, truncated: false, attempt: 1 };
    await vi.advanceTimersByTimeAsync(400);
    vi.useRealTimers();
    await flushPromises();
    expect(Object.fromEntries(rest.asked.at(-1)!.query)).toMatchObject({ q: "mail", page: "1" });
    expect(list.text()).toContain(english("listing.none_fits"));
  });

  test("that cannot be read say why, and are asked for again", async () => {
    rest.answers[`GET ${SUBDOMAINS}`] = problem(503, "result_unreadable");
    const list = await opened("?tab=subdomains");
    expect(list.find("[data-state=failed]").text()).toContain(english("listing.failed"));
    rest.answers[`GET ${SUBDOMAINS}`] = { items: [HOST], total: 1, truncated: false, attempt: 1 };
    await list.find("[data-state=failed] button").trigger("click");
    await flushPromises();
    expect(list.findAll("tbody tr")).toHaveLength(1);
  });
});

describe("the pages", () => {
  test("lead to what the scan keeps of them, never to the page itself, and stay text", async () => {
    const list = await opened("?tab=pages");
    const row = list.find("tbody tr");
    expect(row.findAll("a").map((link) => link.attributes("href"))).toEqual([`#/scans/${TASK_ID}/pages/13?attempt=1`]);
    expect(row.find("a").text()).toBe("<b>Old</b>");
    expect(row.text()).toContain("HTTP 404");
    expect(row.text()).toContain("18 kB");
    expect(row.findAll("td.number")[0]!.text()).toBe("7");
  });

  test("are turned over, and filtered by what became of them", async () => {
    const list = await opened("?tab=pages");
    expect(list.find(".pager").text()).toContain("3");
    await list.findAll(".pager button")[1]!.trigger("click");
    await flushPromises();
    expect(rest.asked.at(-1)!.query.get("page")).toBe("2");
    await list.find("select").setValue("unanswered");
    await flushPromises();
    expect(Object.fromEntries(rest.asked.at(-1)!.query)).toMatchObject({ status: "0", page: "1" });
  });

  test("of a scan that runs are those of this attempt; from its end on those that stand", async () => {
    const running = await opened("?tab=pages", { attempt: 2 });
    expect(rest.asked.at(-1)!.query.get("attempt")).toBe("2");
    expect(running.find("tbody a").attributes("href")).toBe(`#/scans/${TASK_ID}/pages/13?attempt=2`); // another page in the one before
    const ended = await opened("?tab=pages", { attempt: 2, status: "completed" });
    expect(rest.asked.at(-1)!.query.get("attempt")).toBeNull();
    expect(ended.find("tbody a").attributes("href")).toBe(`#/scans/${TASK_ID}/pages/13`);
  });
});
