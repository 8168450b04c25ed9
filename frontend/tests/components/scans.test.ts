// @vitest-environment happy-dom
/** The list of scans: its address, what is done to several of them, and views with a name. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { MAX_VIEWS, readViews, withView, writeViews } from "@/components/scans/savedViews";
import { NEWEST_FIRST, addressOf, momentsOf, queryOf } from "@/components/scans/scanAddress";
import { BULK_ACTIONS, fits } from "@/composables/useBulk";
import { NO_VIOLATIONS } from "@/generated/contract";
import type { TaskResponse, TaskStatus } from "@/generated/rest";
import type { RealtimeClient } from "@/realtime";
import { useConnection } from "@/stores/connection";
import { setLanguage } from "@/texts";
import ScansView from "@/views/ScansView.vue";

import { english } from "../support/english";
import { FakeRest, problem, type Asked } from "../support/fakeRest";
import { TASK, findingChanged, snapshot } from "../support/frames";
import { Marks } from "../support/marks";

const ALL = { page: 1, status: null, domain: "", risk: null, verdict: null, since: "", until: "", sort: NEWEST_FIRST } as const;
let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
  localStorage.clear();
  document.body.innerHTML = "";
  location.hash = "";
});

function task(id: string, status: TaskStatus): TaskResponse {
  return {
    id, user_id: "u1", target_domain: `${id}.test`, config: {}, status, attempt: 1, shown_attempt: 1, progress: 0, stage: null, stage_key: null,
    statistics: { total_subdomains: 0, total_pages_crawled: 0, total_third_party_domains: 0, total_violations: 0, execution_duration: 0 },
    violation_counts: {}, finding_counts: {}, open_counts: {}, log_counts: {}, warnings: 0, error: null, verdict: null, priority: 0, queue_position: null, last_seq: 1,
    created_at: "2026-11-27T02:00:00Z", started_at: null, completed_at: null,
  } as TaskResponse;
}

async function open(tasks: TaskResponse[], address: Record<string, string> = {}, total = tasks.length) {
  rest.answers["GET /tasks"] = () => ({ items: tasks, total, truncated: false });
  const global = rest.mounting();
  const router = global.plugins[1] as ReturnType<typeof import("../support/fakeRest").pageRoutes>;
  await router.push({ name: "scans", query: address });
  const view = mount(ScansView, { global, attachTo: document.body });
  await flushPromises();
  const choose = async (...ids: string[]) => {
    for (const id of ids) await view.find(`[aria-label='Select the scan of ${id}.test']`).setValue(true);
  };
  const act = async (action: string) => {
    await view.find(`[data-action=${action}]`).trigger("click");
    await flushPromises();
    const buttons = [...document.querySelectorAll<HTMLElement>(".el-dialog__footer button")];
    buttons.at(-1)!.click();
    await flushPromises();
  };
  return { view, router, choose, act };
}

function sent(): string[] {
  return rest.asked.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);
}

describe("an address", () => {
  test("says which page, filters and order, and nothing that goes without saying", () => {
    const query = { page: 3, status: "failed", domain: "shop", risk: "high", verdict: "clean", since: "2026-11-20", until: "2026-11-27", sort: "target_domain" } as const;
    expect(queryOf(addressOf(query))).toEqual(query);
    expect(addressOf(ALL)).toEqual({});
  });

  test("of foreign making asks for what can be asked for", () => {
    expect(queryOf({ page: "-4", status: "__proto__", domain: ["a", "b"], sort: "user_id" })).toEqual(ALL);
    expect(queryOf({ risk: "dreadful", verdict: "guilty", since: "2026-13-40", until: "yesterday" })).toEqual(ALL);
    expect(queryOf({ page: "1e999" }).page).toBeGreaterThanOrEqual(1);
    expect(queryOf({ domain: "x".repeat(9_999) }).domain).toHaveLength(253);
  });
});

test("days are asked for from midnight to midnight of the reader's zone, the last one included", () => {
  const { since, until } = momentsOf({ since: "2026-11-20", until: "2026-11-27" });
  expect([new Date(since!), new Date(until!)]).toEqual([new Date(2026, 10, 20), new Date(2026, 10, 28)]);
  expect(momentsOf({ since: "", until: "" })).toEqual({});
});

test("scans are filtered by the worst open finding and by days, and what the filters leave of them is said", async () => {
  const { view, router } = await open([]);
  await view.find(`.filters select[aria-label='${english("tasks.risk")}']`).setValue("high");
  await flushPromises();
  await view.find("input[name=since]").setValue("2026-11-20");
  await flushPromises();
  expect(router.currentRoute.value.query).toEqual({ risk: "high", since: "2026-11-20" });
  const { query } = rest.asked.at(-1)!;
  expect([query.get("risk"), query.get("since")]).toEqual(["high", new Date(2026, 10, 20).toISOString()]);
  expect(view.text()).toContain("Show all");
});

test("scans are filtered by their result where their state is chosen, and one takes the place of the other", async () => {
  const { view, router } = await open([]);
  const choose = async (value: string) => {
    await view.find(`.filters select[aria-label='${english("tasks.status")}']`).setValue(value);
    await flushPromises();
    const { query } = rest.asked.at(-1)!;
    return [router.currentRoute.value.query, query.get("status"), query.get("verdict")];
  };
  expect(await choose("failed")).toEqual([{ status: "failed" }, "failed", null]);
  expect(await choose("inconclusive")).toEqual([{ verdict: "inconclusive" }, null, "inconclusive"]);
  expect(await choose("")).toEqual([{}, null, null]);
});

test("a scan that runs names the stages that are at work and counts its findings, as its frames say", async () => {
  const global = rest.mounting();
  const followers = new Map<string, Parameters<RealtimeClient["follow"]>[1]>();
  vi.spyOn(useConnection().client, "follow").mockImplementation((id, follower) => {
    followers.set(id, follower);
    return () => {};
  });
  rest.answers["GET /tasks"] = { items: [{ ...task(TASK, "running"), stage_key: "page_crawl", finding_counts: { total: 1, low: 1 }, violation_counts: { total: 2, low: 2 } }], total: 1, truncated: false };
  const view = mount(ScansView, { global, attachTo: document.body });
  await flushPromises();
  const shown = () => [".main .small", ".risks"].map((part) => view.find(`.row ${part}`).text().replace(/\s/g, " "));
  expect(shown()).toEqual(["Page crawl", "low 1"]);
  const stages = snapshot(1).stages.map((stage, index) => (index < 2 ? { ...stage, status: "running" as const } : stage));
  followers.get(TASK)!.onFrame(snapshot(1, { stages, stage_key: "subdomain_discovery", findings: { ...NO_VIOLATIONS, total: 1, high: 1 } }));
  await expect.poll(shown).toEqual(["Subdomain discovery, Page crawl", "high 1"]);
  followers.get(TASK)!.onFrame({ ...findingChanged(2, "a.test", ["gambling", "hidden_link"], "critical", { total: 2, critical: 2 }), finding_counts: { total: 1, critical: 1 } });
  await expect.poll(shown).toEqual(["Subdomain discovery, Page crawl", "critical 1"]);
});

test("a scan that has ended counts what nobody has dismissed, and the rest beside it", async () => {
  const ended = { ...task("a", "completed"), verdict: { result: "violations" as const, reasons: [] }, finding_counts: { total: 5, high: 5 } };
  const { view } = await open([{ ...ended, open_counts: { total: 3, high: 3 } }, { ...ended, id: "b", open_counts: { total: 0, high: 0 } }]);
  const said = view.findAll(".row .risks").map((risks) => risks.findAll("span").map((one) => one.text().replace(/\s/g, " ")));
  expect(said).toEqual([["high 3", "2 dismissed"], ["5 dismissed"]]);
});

describe("what can be done", () => {
  test("depends on the state of each scan", () => {
    const possible = (status: TaskStatus) => BULK_ACTIONS.filter((action) => fits(action, status));
    expect(possible("pending")).toEqual(["cancel", "delete"]);
    expect(possible("running")).toEqual(["cancel"]);
    expect(possible("cancelling")).toEqual([]);
    expect(possible("failed")).toEqual(["retry", "delete"]);
  });

  test("is asked of those that it fits, and a refusal stands in its row and stops no other", async () => {
    const { view, choose, act } = await open([task("a", "running"), task("b", "pending"), task("c", "completed")]);
    rest.answers["POST /tasks/a/cancel"] = problem(409, "task_finished");
    rest.answers["POST /tasks/b/cancel"] = task("b", "cancelled");
    await choose("a", "b", "c");
    expect(view.find("[data-action=cancel]").text()).toBe("Cancel (2)");
    await act("cancel");
    expect(sent().sort()).toEqual(["POST /tasks/a/cancel", "POST /tasks/b/cancel"]);
    expect(view.find(".outcome").text().replace(/\s+/g, " ")).toBe(`1 cancelled. ${english("bulk.failed", { count: 1 })}`);
    expect(view.findAll(".line").map((line) => line.find("p.problem").exists() && line.find("p.problem").text())).toEqual([
      `${english("bulk.failed_cancel")}: task_finished`, false, false,
    ]);
    expect(view.findAll(".line[data-chosen] .domain").map((domain) => domain.text())).toEqual(["a.test", "c.test"]);
  });

  test("is asked of few scans at a time", async () => {
    const tasks = Array.from({ length: 9 }, (_, number) => task(`t${number}`, "failed"));
    let underWay = 0;
    let most = 0;
    const { view, act } = await open(tasks);
    for (const { id } of tasks) {
      rest.answers[`POST /tasks/${id}/retry`] = async () => {
        most = Math.max(most, ++underWay);
        await flushPromises();
        underWay -= 1;
        return task(id, "pending");
      };
    }
    await view.find(".all input").setValue(true);
    await act("retry");
    await expect.poll(() => view.find(".outcome").text()).toBe(english("bulk.done_retry", { count: 9 }));
    expect(most).toBe(4);
  });

  test("leaves what is said of a scan that somebody else has deleted", async () => {
    const tasks = [task("a", "failed"), task("b", "failed")];
    const { view, choose, act } = await open(tasks);
    rest.answers["DELETE /tasks/b"] = () => {
      tasks.splice(0); // both are gone, one by another hand
      return new Response(null, { status: 204 });
    };
    await choose("a", "b");
    await act("delete");
    expect(view.find(".outcome").text()).toContain("1 deleted.");
    expect(view.find(".lost").text()).toBe(`a.test: ${english("error.not_found")}`);
    expect(view.find(".state h2").text()).toBe("No scans yet");
  });

  test("ends with the page of the list that it was chosen on", async () => {
    const { view, router, choose } = await open([task("a", "failed")], {}, 90);
    await choose("a");
    expect(view.find(".all").text()).toBe("1 scan selected");
    await router.push({ name: "scans", query: { page: "2" } });
    await flushPromises();
    expect(view.find(".all").text()).toBe(english("bulk.choose_all"));
  });
});

describe("the order", () => {
  test("is asked of the server and stands in the address", async () => {
    const { view, router } = await open([task("a", "failed")], { status: "failed", page: "2" }, 90);
    await view.find("select.sort").setValue("target_domain");
    await flushPromises();
    expect(router.currentRoute.value.query).toEqual({ status: "failed", sort: "target_domain" });
    const { query } = rest.asked.findLast(({ path }: Asked) => path === "/tasks")!;
    expect([query.get("sort"), query.get("page"), query.get("status")]).toEqual(["target_domain", "1", "failed"]);
  });
});

describe("a view with a name", () => {
  test("is kept, led to by a link, and removed", async () => {
    const { view, router } = await open([task("a", "failed")], { status: "failed", sort: "status" });
    await view.find(".save").trigger("click");
    await view.find(".naming input").setValue("  Failed ones ");
    await view.find(".naming").trigger("submit");
    expect(view.find(".view a").attributes("href")).toBe("#/scans?status=failed&sort=status");
    expect(view.find(".view a").attributes("aria-current")).toBe("true");
    await router.push({ name: "scans" });
    await flushPromises();
    expect(view.find(".view a").attributes("aria-current")).toBeUndefined();
    await view.find("[aria-label='Delete the view Failed ones']").trigger("click");
    expect([view.find(".view").exists(), readViews(localStorage, "")]).toEqual([false, []]);
  });

  test("shows its words in the search", async () => {
    const { view, router } = await open([task("a", "failed")]);
    await router.push({ name: "scans", query: { domain: "shop" } });
    await flushPromises();
    expect((view.find(".filters input").element as HTMLInputElement).value).toBe("shop");
  });

  test("is each user's own, and takes the place of one of the same name", () => {
    const storage = new Marks();
    const failed = { name: "x", view: { ...ALL, status: "failed" } as const };
    expect(writeViews(storage, "mei", withView([{ name: "x", view: ALL }], failed))).toBe(true);
    expect(readViews(storage, "mei").map(({ name, view }) => [name, view.status])).toEqual([["x", "failed"]]);
    expect(readViews(storage, "li")).toEqual([]);
  });

  test("that another program has written is left out, and there are not too many", () => {
    const storage = new Marks();
    for (const stored of ["{", "null", "7", '[1, null, {"name": ""}, {"name": "x"}]']) {
      storage.setItem("compliance.views.mei", stored);
      expect(readViews(storage, "mei")).toEqual([]);
    }
    storage.setItem("compliance.views.mei", JSON.stringify(Array.from({ length: 99 }, (_, number) => ({ name: `v${number}`, view: {} }))));
    expect(readViews(storage, "mei")).toHaveLength(MAX_VIEWS);
  });

  test("that the browser does not keep is said to be so, and what was typed stays", async () => {
    const { view } = await open([task("a", "failed")], { status: "failed" });
    vi.stubGlobal("localStorage", { setItem: () => { throw new DOMException("full", "QuotaExceededError"); } });
    await view.find(".save").trigger("click");
    await view.find(".naming input").setValue("Failed");
    await view.find(".naming").trigger("submit");
    vi.unstubAllGlobals();
    expect(view.find(".views [role=alert]").text()).toContain("was not saved");
    expect((view.find(".naming input").element as HTMLInputElement).value).toBe("Failed");
  });
});

test("a scan that came to no conclusion stands out in the list, though it is completed", async () => {
  const thin = { ...task("thin", "completed"), verdict: { result: "inconclusive", reasons: ["start_page"] } } as TaskResponse;
  const clean = { ...task("clean", "completed"), verdict: { result: "clean", reasons: [] } } as TaskResponse;
  const { view } = await open([thin, clean]);
  expect(view.findAll("[data-verdict]").map((said) => said.classes("tag"))).toEqual([true, false]);
});

test("while the server is away, the list says of what time it is", async () => {
  const { view } = await open([task("a", "completed")]);
  expect(view.find(".cut").exists()).toBe(false); // the connection is still to come
  const connection = useConnection();
  connection.status = { ...connection.status, phase: "waiting", retryAt: Date.now() + 9_000 };
  await flushPromises();
  expect(view.find(".cut").exists()).toBe(true);
  expect(view.findAll("[data-verdict], .row")).not.toEqual([]); // with what was there before
});
