// @vitest-environment happy-dom
/** Sites: how a schedule is said and sent, what the list shows of each, and what can be done with one. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import SiteDialog from "@/components/sites/SiteDialog.vue";
import { SHIPPED, emptyForm } from "@/components/scanOptions";
import { changesOf, creationOf, emptySite, optionsForm, said, scheduleOf, siteForm } from "@/components/sites/siteForm";
import { tableOf } from "@/components/sites/siteLines";
import { scheduleText, sparkPoints, stateOf } from "@/components/sites/siteState";
import type { SiteResponse } from "@/generated/rest";
import { setLanguage, useTexts } from "@/texts";
import SiteView from "@/views/SiteView.vue";
import SitesView from "@/views/SitesView.vue";

import { english } from "../support/english";
import { FakeRest, problem } from "../support/fakeRest";

const ID = "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a12";
const NIGHTLY = { cron: "0 3 * * *", time_zone: "Asia/Shanghai", every_hours: null };
let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
  document.body.innerHTML = "";
});

function site(more: Partial<SiteResponse> = {}): SiteResponse {
  return {
    id: ID, user_id: "u", target_domain: "corp.test", group: "North", tags: ["shop"], config: {}, schedule: NIGHTLY, paused: false,
    next_run_at: "2026-12-01T19:10:00Z", waits_for: null, last_run: null, unfinished: null, overdue_after_days: null, overdue_since: null,
    last_scan: { task_id: "t", attempt: 1, status: "completed", verdict: { result: "clean", reasons: [] }, completed_at: "2026-11-30T19:30:00Z" },
    last_conclusive_at: "2026-11-30T19:30:00Z", finding_counts: { total: 2, high: 2 }, trend: [0, 1, 2], created_at: "2026-11-01T00:00:00Z",
    next_runs: ["2026-12-01T19:10:00Z", "2026-12-02T19:10:00Z"], ...more,
  };
}

test.each([
  [{ ...NIGHTLY }, { kind: "daily", time: "03:00", zone: "Asia/Shanghai" }],
  [{ ...NIGHTLY, cron: "30 22 * * mon,FRI" }, { kind: "weekly", time: "22:30", zone: "Asia/Shanghai", days: ["MON", "FRI"] }],
  [{ ...NIGHTLY, cron: "0 3 1 * *" }, { kind: "cron", cron: "0 3 1 * *", zone: "Asia/Shanghai" }],
  [{ ...NIGHTLY, cron: "0 3 * * MON-FRI" }, { kind: "cron", cron: "0 3 * * MON-FRI", zone: "Asia/Shanghai" }],
  [{ cron: null, time_zone: "UTC", every_hours: 6 }, { kind: "hours", hours: 6 }],
  [null, { kind: "none" }],
])("a schedule is said in words, and what the form makes of it is the same again", (schedule, expected) => {
  expect(said(schedule)).toEqual(expected);
  const sent = scheduleOf(siteForm(site({ schedule })));
  if (schedule === null) expect(sent).toBeNull();
  else if (schedule.every_hours !== null) expect(sent).toEqual({ every_hours: 6 });
  else expect(sent).toEqual({ cron: schedule.cron!.replace("mon", "MON"), time_zone: schedule.time_zone });
});

test("a new site is sent with all that was chosen, and nothing that was not", () => {
  const form = { ...emptySite(), zone: "UTC", group: " North ", tags: "shop, cn" };
  expect(creationOf(form, { ...emptyForm("https://corp.test/x"), maxPages: 7 }, null)).toEqual({
    target_domain: "corp.test", config: { max_pages: 7, use_passive_sources: true, screenshots: true, cloaking: true },
    group: "North", tags: ["shop", "cn"], schedule: { cron: "0 3 * * *", time_zone: "UTC" }, overdue_after_days: null,
  });
  expect(creationOf({ ...form, kind: "none", group: "", tags: "" }, emptyForm("a.test"), undefined)).toEqual({
    target_domain: "a.test", group: null, tags: [], schedule: null, overdue_after_days: null,
  });
});

test("a schedule that was not touched is not sent: it would be planned anew", () => {
  const one = site({ config: { max_pages: 9, own_domains: ["own.test"] } });
  const changes = changesOf(siteForm(one), optionsForm(one), undefined, one);
  expect(changes).toEqual({ group: "North", tags: ["shop"], overdue_after_days: null });
  expect(changesOf({ ...siteForm(one), time: "04:00" }, optionsForm(one), undefined, one).schedule).toEqual({ cron: "0 4 * * *", time_zone: "Asia/Shanghai" });
});

const UNSHOWN = { time_limit_s: 90, max_depth: null, use_passive_sources: true };

test.each([
  [{}, undefined],
  [{ maxPages: 8 }, { ...UNSHOWN, max_pages: 8 }],
  [{ maxPages: null }, UNSHOWN],
  [{ minutes: 3 }, { ...UNSHOWN, max_pages: 9, time_limit_s: 180 }],
  [{ minutes: null, maxDepth: 2 }, { max_pages: 9, max_depth: 2, use_passive_sources: true }],
  [{ passive: false, screenshots: false }, { ...UNSHOWN, max_pages: 9, use_passive_sources: false, screenshots: false }],
  [{ own: "own.test\nhttps://two.test/", startUrls: "https://corp.test/a" }, { ...UNSHOWN, max_pages: 9, own_domains: ["own.test", "two.test"], start_urls: ["https://corp.test/a"] }],
])("of the scan options those that were changed are sent anew, and what the form cannot show stays: %j", (change, config) => {
  const one = site({ config: { ...UNSHOWN, max_pages: 9 } });
  for (const defaults of [undefined, null]) {
    expect(changesOf(siteForm(one), { ...optionsForm(one), ...change }, defaults, one).config).toEqual(config);
  }
});

test("who edits the tags of a site in the dialog leaves its scan options as they are, also a time below a minute", async () => {
  const one = site({ config: { time_limit_s: 20, max_depth: null } });
  rest.answers["GET /tasks/defaults"] = SHIPPED;
  rest.answers["POST /sites/schedule"] = { next_runs: [], spread_s: 0 };
  rest.answers[`PATCH /sites/${ID}`] = one;
  mount(SiteDialog, { props: { site: one, modelValue: true }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  const tags = document.querySelector<HTMLInputElement>("input[name=tags]")!;
  tags.value = "cn";
  tags.dispatchEvent(new Event("input"));
  await flushPromises();
  document.querySelector<HTMLFormElement>("#site-form")!.dispatchEvent(new Event("submit"));
  await flushPromises();
  expect(rest.asked.find(({ method }) => method === "PATCH")?.body).toEqual({ group: "North", tags: ["cn"], overdue_after_days: null });
});

async function paste(selector: string, text: string): Promise<void> {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  document.querySelector(selector)!.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  await flushPromises();
}

test("a column of a spreadsheet is pasted into the field of one domain: all become sites with one schedule, and what is refused stays", async () => {
  rest.answers["GET /tasks/defaults"] = SHIPPED;
  rest.answers["POST /sites/schedule"] = { next_runs: [], spread_s: 0 };
  const refused = { line: 4, target_domain: "not a domain", status: "refused", site_id: null, errors: [{ field: "target_domain", code: "x", message: "Enter a domain." }] };
  rest.answers["POST /sites/import"] = { added: 2, existing: 0, refused: 1, lines: [{ ...refused, line: 2, target_domain: "a.test", status: "added", errors: [] }, refused] };
  const dialog = mount(SiteDialog, { props: { site: null, modelValue: true }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  await paste("#site-domain", "https://a.test/start\nB.test\na.test\nnot a domain");
  const field = document.querySelector<HTMLTextAreaElement>("#site-domains")!;
  expect(field.value).toBe("a.test\nb.test\nnot a domain");
  expect(document.querySelector("#site-form")!.textContent).toContain(english("sites.domains_count", { count: 3 }));
  document.querySelector<HTMLFormElement>("#site-form")!.dispatchEvent(new Event("submit"));
  await flushPromises();
  const { csv, dry_run } = rest.asked.find(({ path }) => path === "/sites/import")!.body as { csv: string; dry_run: boolean };
  expect([csv.split("\n")[0], csv.split("\n")[2], dry_run]).toEqual(["target_domain,cron,time_zone", `"b.test","0 3 * * *","${emptySite().zone}"`, false]);
  expect(dialog.emitted("added")).toHaveLength(1);
  expect([field.value, dialog.emitted("update:modelValue")]).toEqual(["not a domain", undefined]);
  expect(document.querySelector("[role=alert]")!.textContent).toContain("Enter a domain.");
});

test("what stands in the field before several domains are pasted is kept, unless it was marked", async () => {
  rest.answers["GET /tasks/defaults"] = SHIPPED;
  rest.answers["POST /sites/schedule"] = { next_runs: [], spread_s: 0 };
  for (const [marked, expected] of [[false, "c.test\na.test\nb.test"], [true, "a.test\nb.test"]] as const) {
    const dialog = mount(SiteDialog, { props: { site: null, modelValue: true }, global: rest.mounting(), attachTo: document.body });
    await flushPromises();
    const field = document.querySelector<HTMLInputElement>("#site-domain")!;
    field.value = "c.test";
    field.dispatchEvent(new Event("input"));
    await flushPromises();
    field.setSelectionRange(marked ? 0 : 6, 6);
    await paste("#site-domain", "a.test\nb.test");
    expect(document.querySelector<HTMLTextAreaElement>("#site-domains")!.value).toBe(expected);
    dialog.unmount();
  }
});

test("who pastes a site that there is learns that it has not got the schedule, and no report outlives the lines that it is of", async () => {
  rest.answers["GET /tasks/defaults"] = SHIPPED;
  rest.answers["POST /sites/schedule"] = { next_runs: [], spread_s: 0 };
  const added = { line: 2, target_domain: "a.test", status: "added", site_id: "1", errors: [] };
  rest.answers["POST /sites/import"] = { added: 1, existing: 1, refused: 0, lines: [added, { ...added, line: 3, target_domain: "b.test", status: "exists" }] };
  const dialog = mount(SiteDialog, { props: { site: null, modelValue: true }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  await paste("#site-domain", "a.test\nb.test");
  const form = document.querySelector<HTMLFormElement>("#site-form")!;
  form.dispatchEvent(new Event("submit"));
  await flushPromises();
  expect(dialog.emitted("update:modelValue")).toBeUndefined();
  const said = english("start.wrong_line", { domain: "b.test", message: english("sites.import_status.exists") });
  expect(form.textContent).toContain(said);
  delete rest.answers["POST /sites/import"];
  const field = document.querySelector<HTMLTextAreaElement>("#site-domains")!;
  field.value = "c.test";
  field.dispatchEvent(new Event("input"));
  form.dispatchEvent(new Event("submit"));
  await flushPromises();
  expect(form.textContent).not.toContain(said);
  expect(form.querySelector(".problem[role=alert]")).not.toBeNull();
});

test("what all sites of a table share stands in each line, and pages to begin at in none", () => {
  const shared = { target_domain: "", group: 'A "B"', tags: ["x", "y"], schedule: { every_hours: 6 }, config: { max_pages: 7, screenshots: false, start_urls: ["https://a.test/"], own_domains: ["o.test", "p.test"] } };
  expect(tableOf(["a.test"], shared)).toBe('target_domain,group,tags,every_hours,max_pages,screenshots,own_domains\n"a.test","A ""B""","x y","6","7","false","o.test p.test"');
});

test("a site is called by what its last scan claims, and never clean when it did not come to its end", () => {
  const texts = useTexts();
  const last = site().last_scan!;
  expect(stateOf(site(), texts)).toEqual({ kind: "clean", text: english("verdict.clean") });
  expect(stateOf(site({ last_scan: { ...last, status: "failed", verdict: null } }), texts).kind).toBe("failed");
  expect(stateOf(site({ last_scan: { ...last, verdict: null } }), texts).kind).toBe("inconclusive");
  expect(stateOf(site({ last_scan: null }), texts).kind).toBe("new");
  expect(stateOf(site({ unfinished: { task_id: "t", status: "running", progress: 40 } }), texts).text).toBe(english("sites.running", { progress: 40 }));
  expect(scheduleText(site(), texts)).toBe(english("sites.every_day", { time: "03:00", zone: "Asia/Shanghai" }));
});

test("a line of counts fills its box, and is flat where nothing was open", () => {
  expect(sparkPoints([0, 2, 4], 90, 20)).toBe("0,20 45,10 90,0");
  expect(sparkPoints([0, 0], 90, 20)).toBe("0,20 90,20");
});

test("the list shows each site, and an empty one teaches what a site is", async () => {
  rest.answers["GET /sites"] = { items: [site({ overdue_since: "2026-11-20T00:00:00Z", waits_for: "task_limit" })], total: 1 };
  rest.answers["GET /sites/labels"] = { groups: [{ name: "North", sites: 1 }], tags: [{ name: "shop", sites: 1 }] };
  const view = mount(SitesView, { global: rest.mounting() });
  await flushPromises();
  const line = view.find("li.site").text();
  expect(line).toContain("corp.test");
  expect(line).toContain(english("verdict.clean"));
  expect(line).toContain(english("sites.reason.task_limit"));
  expect(view.find("li.site .domain").attributes("href")).toBe(`#/sites/${ID}`);
  expect(view.find("svg.spark").attributes("aria-label")).toBe(english("sites.trend", { count: 3, from: 0, to: 2 }));
  rest.answers["GET /sites"] = { items: [], total: 0 };
  const empty = mount(SitesView, { global: rest.mounting() });
  await flushPromises();
  expect(empty.text()).toContain(english("sites.empty"));
});

test("the list is filtered by group and tag in its address, and a group is scanned as one order", async () => {
  rest.answers["GET /sites"] = { items: [site()], total: 1 };
  rest.answers["GET /sites/labels"] = { groups: [{ name: "North", sites: 1 }], tags: [{ name: "shop", sites: 1 }] };
  rest.answers["POST /sites/run"] = { id: "o1" };
  const global = rest.mounting();
  const router = global.plugins.find((plugin) => "push" in plugin)!;
  await router.push("/sites");
  const view = mount(SitesView, { global, attachTo: document.body });
  await flushPromises();
  expect(view.find("[data-action=run-group]").exists()).toBe(false);
  await view.find("select[name=group]").setValue("North");
  await flushPromises();
  expect(router.currentRoute.value.query).toEqual({ group: "North" });
  expect(rest.asked.filter(({ path }) => path === "/sites").at(-1)?.query.get("group")).toBe("North");
  await view.find("[data-action=run-group]").trigger("click");
  await flushPromises();
  [...document.querySelectorAll<HTMLElement>(".el-dialog__footer button")].at(-1)!.click();
  await flushPromises();
  expect(rest.asked.find(({ method, path }) => method === "POST" && path === "/sites/run")?.body).toEqual({ group: "North" });
  await vi.waitFor(() => expect(router.currentRoute.value.fullPath).toBe("/orders/o1"), { timeout: 8_000 });
});

test("a new site is seen, whatever the list was filtered by", async () => {
  rest.answers["GET /sites"] = { items: [], total: 0 };
  rest.answers["GET /sites/labels"] = { groups: [{ name: "North", sites: 1 }], tags: [] };
  const global = rest.mounting();
  const router = global.plugins.find((plugin) => "push" in plugin)!;
  await router.push("/sites?group=North&q=corp");
  const view = mount(SitesView, { global });
  await flushPromises();
  view.getComponent(SiteDialog).vm.$emit("saved", site());
  await flushPromises();
  expect(router.currentRoute.value.query).toEqual({});
  expect(rest.asked.filter(({ path }) => path === "/sites").at(-1)?.query.get("group") ?? "").toBe("");
});

test("a list that cannot be read says so", async () => {
  rest.answers["GET /sites"] = problem(503, "database_unavailable");
  const view = mount(SitesView, { global: rest.mounting() });
  await flushPromises();
  expect(view.find("[data-state=failed]").text()).toContain("database_unavailable");
});

test("a site is scanned, paused and deleted, with or without its scans", async () => {
  rest.answers[`GET /sites/${ID}`] = site({ last_run: { task_id: "t", due_at: "2026-11-30T19:00:00Z", started_at: "2026-11-30T23:00:00Z", missed: 2 } });
  rest.answers[`GET /sites/${ID}/scans`] = { items: [], total: 0, truncated: false };
  rest.answers[`POST /sites/${ID}/run`] = { id: "t2" };
  rest.answers[`PATCH /sites/${ID}`] = site({ paused: true, next_run_at: null, next_runs: [] });
  rest.answers[`DELETE /sites/${ID}`] = new Response(null, { status: 204 });
  const view = mount(SiteView, { props: { siteId: ID }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  expect(view.find("h1").text()).toBe("corp.test");
  expect(view.text()).toContain("2 later scans were missed");
  await view.find("[data-action=run]").trigger("click");
  await flushPromises();
  expect(rest.count("POST", `/sites/${ID}/run`)).toBe(1);
  await view.find("[data-action=pause]").trigger("click");
  await flushPromises();
  expect(rest.asked.find(({ method }) => method === "PATCH")?.body).toEqual({ paused: true });
  expect(view.find("[data-action=pause]").text()).toBe(english("sites.resume"));
  await view.find("[data-action=delete]").trigger("click");
  await flushPromises();
  const box = document.querySelector<HTMLInputElement>(".scans input")!;
  box.click();
  await flushPromises();
  [...document.querySelectorAll<HTMLElement>(".el-dialog__footer button")].at(-1)!.click();
  await flushPromises();
  expect(rest.asked.find(({ method }) => method === "DELETE")?.query.get("delete_scans")).toBe("true");
});
