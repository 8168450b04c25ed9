// @vitest-environment happy-dom
/** The third parties of all sites, and which sites use one. */

import { flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { beforeEach, expect, test } from "vitest";

import InventoryPartyView from "@/views/InventoryPartyView.vue";
import InventoryView from "@/views/InventoryView.vue";
import { setLanguage } from "@/texts";

import { english } from "../support/english";
import { FakeRest, problem } from "../support/fakeRest";
import { TASK as TASK_ID } from "../support/frames";

const LIST = "GET /third-parties";
const ONE = "GET /third-parties/ads.test";
const AT = "2026-11-01T02:00:00.000Z";
const SITE = {
  target_domain: "corp.test", user_id: "u", task_id: TASK_ID, attempt: 1, is_present: true, risk_level: "high", relation: "script", references: 12, hidden: 0,
  page: "http://corp.test/", script: "http://ads.test/a.js", outcome: "examined", first_seen_at: AT, last_seen_at: AT,
};
const PARTY = {
  domain: "ads.test", category: "ads", registrar: "Names Ltd.", registered_on: "2011-04-12", title: "<b>Ads</b>", sites: 1, first_seen_at: AT, last_seen_at: AT,
  items: [SITE, { ...SITE, target_domain: "old.test", is_present: false, risk_level: null, page: null, script: null }], total: 2,
};

let rest: FakeRest;
let global: ReturnType<FakeRest["mounting"]>;

beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
  rest.answers = { [LIST]: { items: [{ domain: "ads.test", category: "ads", sites: 3, first_seen_at: AT }], total: 120 }, [ONE]: PARTY };
  global = rest.mounting();
});

async function shown(view: typeof InventoryView | typeof InventoryPartyView, props = {}): Promise<VueWrapper> {
  const found = mount(view as typeof InventoryView, { props, global });
  await flushPromises();
  return found;
}

test("the list has the number of sites of each, and leads to them", async () => {
  const view = await shown(InventoryView);
  const cells = view.findAll("tbody tr").map((row) => row.findAll("th, td").map((cell) => cell.text()));
  expect(cells[0]?.slice(0, 3)).toEqual(["ads.test", "3", english("category.ads")]);
  expect(view.find("tbody a").attributes("href")).toContain("/third-parties/ads.test");
});

test("another order is another list, from its first page", async () => {
  const view = await shown(InventoryView);
  await view.find(".pager button:last-child").trigger("click");
  await flushPromises();
  expect(rest.asked.at(-1)?.query.get("page")).toBe("2");
  await view.find("select").setValue("-first_seen_at");
  await flushPromises();
  const { query } = rest.asked.at(-1)!;
  expect([query.get("sort"), query.get("page")]).toEqual(["-first_seen_at", "1"]);
});

test("an empty list says when there will be something, and a failure offers another try", async () => {
  rest.answers[LIST] = { items: [], total: 0 };
  expect((await shown(InventoryView)).text()).toContain(english("inventory.empty"));
  rest.answers[LIST] = problem(503, "database_unavailable");
  expect((await shown(InventoryView)).find("[data-state=failed] button").exists()).toBe(true);
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

test("one that no site has is said to be nowhere", async () => {
  expect((await shown(InventoryPartyView, { domain: "nowhere.test" })).find("[data-state=gone]").exists()).toBe(true);
});
