// @vitest-environment happy-dom
/** The third parties of all sites, and which sites use one. */

import { flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { beforeEach, expect, test, vi } from "vitest";
import type { Router } from "vue-router";

import { SERVICE_CATEGORIES } from "@/components/inventory/categories";
import texts from "@/generated/texts.en.json";
import InventoryPartyView from "@/views/InventoryPartyView.vue";
import InventoryView from "@/views/InventoryView.vue";
import { setLanguage } from "@/texts";

import { english } from "../support/english";
import { FakeRest, problem } from "../support/fakeRest";
import { TASK as TASK_ID } from "../support/frames";

const LIST = "GET /third-parties";
const ONE = "GET /third-parties/ads.test";
const SERVICES = "GET /third-party-services";
const SITES = "GET /third-party-services/sites";
const AT = "2026-11-01T02:00:00.000Z";
const SITE = {
  target_domain: "corp.test", user_id: "u", task_id: TASK_ID, attempt: 1, is_present: true, risk_level: "high", relation: "script", references: 12, hidden: 0,
  page: "http://corp.test/", script: "http://ads.test/a.js", outcome: "examined", first_seen_at: AT, last_seen_at: AT,
};
const PARTY = {
  domain: "ads.test", category: "ads", registrar: "Names Ltd.", registered_on: "2011-04-12", title: "<b>Ads</b>", sites: 1, first_seen_at: AT, last_seen_at: AT,
  services: ["Acme Ads"], changes: [], changes_total: 0,
  items: [SITE, { ...SITE, target_domain: "old.test", is_present: false, risk_level: null, page: null, script: null }], total: 2,
};

let rest: FakeRest;
let global: ReturnType<FakeRest["mounting"]>;

beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
  rest.answers = { [LIST]: { items: [{ domain: "ads.test", category: "ads", services: ["Acme Ads"], risk_level: "high", pages: 31, sites: 3, first_seen_at: AT }], total: 120 }, [ONE]: PARTY };
  rest.answers[SERVICES] = { items: [{ service: "Acme/Ads & more", category: "ads", domains: 2, sites: 3, first_seen_at: AT, last_seen_at: AT }], total: 1, unknown: { domains: 40, sites: 12 } };
  rest.answers[SITES] = { items: [{ target_domain: "corp.test", user_id: "u", task_id: TASK_ID, attempt: 1, domains: 2, first_seen_at: AT, last_seen_at: AT }], total: 1 };
  global = rest.mounting();
});

/** `query`: of the address at which the view is shown. */
async function shown(view: typeof InventoryView | typeof InventoryPartyView, props = {}, query: Record<string, string> = {}): Promise<VueWrapper> {
  await (global.plugins[1] as Router).push({ name: "inventory", query });
  const found = mount(view as typeof InventoryView, { props, global });
  await flushPromises();
  return found;
}

test("a list that may lack third parties says how many a scan adds", async () => {
  for (const [total, isSaid] of [[19_999, false], [20_000, true]] as const) {
    rest.answers[LIST] = { ...(rest.answers[LIST] as object), total };
    const view = await shown(InventoryView);
    expect(view.find(".inventory").text().includes(english("inventory.limit"))).toBe(isSaid);
  }
});

test("the list has the number of sites of each, and leads to them", async () => {
  const view = await shown(InventoryView);
  const cells = view.findAll("tbody tr").map((row) => row.findAll("th, td").map((cell) => cell.text()));
  expect(cells[0]?.slice(0, 6)).toEqual(["ads.test", english("risk.high"), "31", "3", english("category.ads"), "Acme Ads"]);
  expect(view.find("tbody a").attributes("href")).toContain("/third-parties/ads.test");
});

test("another order is another list, from its first page", async () => {
  const view = await shown(InventoryView);
  await view.find(".pager button:last-child").trigger("click");
  await flushPromises();
  expect(rest.asked.at(-1)?.query.get("page")).toBe("2");
  await view.find("select.order").setValue("-first_seen_at");
  await flushPromises();
  const { query } = rest.asked.at(-1)!;
  expect([query.get("sort"), query.get("page")]).toEqual(["-first_seen_at", "1"]);
});

test("the worst come first, and a column's head is another order", async () => {
  const view = await shown(InventoryView);
  expect(rest.asked[0]?.query.get("sort")).toBe("-risk");
  const head = (name: string) => view.findAll("thead th").find((one) => one.text().startsWith(name))!;
  expect(head(english("parties.risk")).attributes("aria-sort")).toBe("descending");
  expect(head(english("inventory.pages")).attributes("aria-sort")).toBeUndefined();
  await head(english("inventory.pages")).find("button").trigger("click");
  await flushPromises();
  expect(rest.asked.at(-1)?.query.get("sort")).toBe("-pages");
  expect(head(english("inventory.pages")).attributes("aria-sort")).toBe("descending");
});

test("one without an open finding has no risk, and who is not counted has no number", async () => {
  rest.answers[LIST] = { items: [{ domain: "ads.test", category: "ads", services: [], risk_level: null, pages: null, sites: 1, first_seen_at: AT }], total: 1 };
  const view = await shown(InventoryView);
  expect(view.findAll("tbody td").slice(0, 2).map((cell) => cell.text())).toEqual([english("inventory.no_risk"), "—"]);
});

test("the whole list is saved as it is filtered", async () => {
  const view = await shown(InventoryView);
  await view.find("select.risk").setValue("any");
  await flushPromises();
  expect(rest.asked.at(-1)?.query.get("risk")).toBe("any");
  const saved = vi.spyOn(URL, "createObjectURL").mockReturnValue("#saved");
  await view.find("[data-format=xlsx]").trigger("click");
  await flushPromises();
  const { query } = rest.asked.at(-1)!;
  expect([query.get("format"), query.get("risk"), query.get("sort"), query.get("page")]).toEqual(["xlsx", "any", "-risk", null]);
  expect(saved).toHaveBeenCalledOnce();
  saved.mockRestore();
});

test("an empty list says when there will be something, and a failure offers another try", async () => {
  rest.answers[LIST] = { items: [], total: 0 };
  const view = await shown(InventoryView);
  expect(view.text()).toContain(english("inventory.empty"));
  expect([view.find("input").exists(), view.find("select").exists()]).toEqual([false, false]); // there is nothing to search
  const ofService = await shown(InventoryView, {}, { service: "Acme/Ads & more" });
  expect(ofService.text()).toContain(english("inventory.no_domains"));
  rest.answers[LIST] = problem(503, "database_unavailable");
  expect((await shown(InventoryView)).find("[data-state=failed] button").exists()).toBe(true);
});

test("who clears a search that found nothing goes on typing in the same field", async () => {
  vi.useFakeTimers();
  const view = await shown(InventoryView);
  const field = view.find("input").element;
  rest.answers[LIST] = { items: [], total: 0 };
  await view.find("input").setValue("nowhere");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(view.text()).toContain(english("listing.none_fits"));
  await view.find("input").setValue("");
  expect(view.find("input").element).toBe(field);
  vi.useRealTimers();
});

test("one is shown with its owner and the sites that use it, then those that used it", async () => {
  const view = await shown(InventoryPartyView, { domain: "ads.test" });
  expect(view.find("header").text()).toContain("Names Ltd.");
  expect(view.find("header").text()).toContain("<b>Ads</b>");
  const rows = view.findAll("tbody tr");
  expect(rows[0]?.text()).toContain("http://ads.test/a.js");
  expect(rows[0]?.find("a").attributes("href")).toContain(`/scans/${TASK_ID}/third-parties/ads.test`);
  expect(rows[1]?.text()).toContain(english("inventory.earlier"));
});

test("of one that no site uses any more, no services are known: nor that there are none", async () => {
  rest.answers[ONE] = { ...PARTY, services: [] };
  expect((await shown(InventoryPartyView, { domain: "ads.test" })).find("header").text()).toContain(english("inventory.no_service"));
  rest.answers[ONE] = { ...PARTY, services: [], sites: 0 };
  expect((await shown(InventoryPartyView, { domain: "ads.test" })).find("header").text()).not.toContain(english("inventory.services_of"));
});

test("one that no site has is said to be nowhere", async () => {
  const view = await shown(InventoryPartyView, { domain: "nowhere.test" });
  expect(view.find("[data-state=gone]").text()).toContain(english("inventory.gone"));
  expect(view.find("input").exists()).toBe(false);
});

test("services are a list of their own, which leads to the domains and sites of one", async () => {
  const view = await shown(InventoryView, {}, { by: "service" });
  const cells = view.findAll("tbody tr").map((row) => row.findAll("th, td").map((cell) => cell.text()));
  expect(cells[0]?.slice(0, 4)).toEqual(["Acme/Ads & more", "3", "2", english("category.ads")]);
  expect(view.find("tbody a").attributes("href")).toContain("service=Acme/Ads+%26+more");
  expect(view.find(".unknown").text()).toBe(english("inventory.without_service", { domains: 40, sites: 12 }));
  expect(view.find(".unknown a").attributes("href")).toContain("service=unknown");
  expect(view.find("nav [aria-current=page]").text()).toBe(english("inventory.by_service"));
  expect(rest.count("GET", "/third-parties")).toBe(0);
});

test("of one service, its domains and its sites are asked for", async () => {
  const view = await shown(InventoryView, {}, { service: "Acme/Ads & more" });
  const [domains, sites] = ["/third-parties", "/third-party-services/sites"].map((path) => rest.asked.find((one) => one.path === path)?.query.get("service"));
  expect([domains, sites]).toEqual(["Acme/Ads & more", "Acme/Ads & more"]);
  expect(view.findAll("h2").map((head) => head.text())).toEqual([expect.stringContaining("Acme/Ads & more"), expect.stringContaining("Acme/Ads & more")]);
  expect(view.find(".service-sites tbody a").attributes("href")).toContain(`/scans/${TASK_ID}`);
});

test("third parties of no known service have no list of sites", async () => {
  const view = await shown(InventoryView, {}, { service: "unknown" });
  expect(rest.asked.map((one) => one.path)).toEqual(["/third-parties"]);
  expect(view.find("h2").text()).toContain(english("inventory.of_no_service"));
});

test("a category is another list", async () => {
  const view = await shown(InventoryView, {}, { by: "service" });
  await view.find("select.category").setValue("analytics");
  await flushPromises();
  expect(rest.asked.at(-1)?.query.get("category")).toBe("analytics");
});

test("every category of the lists can be chosen", () => {
  const others = ["unknown", "health", "parked", "travel"]; // of pages, which no list has
  const known = Object.keys(texts).filter((key) => key.startsWith("category.")).map((key) => key.slice("category.".length));
  expect([...SERVICE_CATEGORIES]).toEqual(known.filter((name) => !others.includes(name)).sort());
});

test("without services it is said whether there is anything at all, and a failure offers another try", async () => {
  rest.answers[SERVICES] = { items: [], total: 0, unknown: { domains: 3, sites: 1 } };
  expect((await shown(InventoryView, {}, { by: "service" })).text()).toContain(english("inventory.no_services"));
  rest.answers[SERVICES] = { items: [], total: 0, unknown: { domains: 0, sites: 0 } };
  const view = await shown(InventoryView, {}, { by: "service" });
  expect(view.text()).toContain(english("inventory.empty"));
  expect(view.find(".unknown").exists()).toBe(false);
  rest.answers[SERVICES] = problem(503, "database_unavailable");
  expect((await shown(InventoryView, {}, { by: "service" })).find("[data-state=failed] button").exists()).toBe(true);
});

test("the history of one says what changed and which scan has found it", async () => {
  const change = { at: AT, target_domain: "corp.test", task_id: TASK_ID, attempt: 2, section: "content", change: "changed", aspect: "registrar", name: "ads.test", before: "A", after: "B", url: "", text: "The registrar of ads.test is now <B> (previously A)." };
  rest.answers[ONE] = { ...PARTY, changes: [change, { ...change, task_id: null, target_domain: "old.test" }], changes_total: 7 };
  const view = await shown(InventoryPartyView, { domain: "ads.test" });
  const lines = view.findAll(".history li");
  expect(lines[0]?.text()).toContain(change.text);
  expect(lines[0]?.find("a").attributes("href")).toContain(`/scans/${TASK_ID}?attempt=2`);
  expect(lines[1]?.find("a").exists()).toBe(false);
  expect(lines[1]?.text()).toContain("old.test");
  expect(view.find(".history .more").text()).toContain("7");
  expect(view.find("header").text()).toContain("Acme Ads");
});

test("one without changes says so", async () => {
  expect((await shown(InventoryPartyView, { domain: "ads.test" })).find(".history").text()).toContain(english("inventory.no_changes"));
});
