// @vitest-environment happy-dom
/** The third parties of a scan, as its tab lists them. */

import { flushPromises, mount } from "@vue/test-utils";
import { expect, test } from "vitest";

import PartiesPanel from "@/components/PartiesPanel.vue";
import { shownOf } from "@/composables/useScan";
import { TaskState } from "@/realtime";
import { setLanguage } from "@/texts";
import PartyView from "@/views/PartyView.vue";

import { english } from "../support/english";
import { FakeRest } from "../support/fakeRest";
import { snapshot } from "../support/frames";

const PARTY = {
  domain: "a.test", hosts: ["casino.test"], host_count: 1, category: "unknown", risk_level: "high", outcome: "examined", references: 1,
  relation: "link", hidden: 0, example_page: "http://corp.test/", violation_key: "gambling",
};

async function mounted(parties: readonly (typeof PARTY | (Omit<typeof PARTY, "violation_key"> & { violation_key: null }))[]) {
  setLanguage("en");
  const rest = new FakeRest();
  const state = new TaskState(snapshot(1, { status: "completed" }));
  rest.answers[`GET /tasks/${state.taskId}/third-parties`] = { items: parties, total: parties.length, truncated: false, attempt: 1 };
  const panel = mount(PartiesPanel, { props: { state: shownOf(state), attempt: null }, global: rest.mounting() });
  await flushPromises();
  return panel;
}

test("a third party with a finding has the category of the finding", async () => {
  const panel = await mounted([PARTY, { ...PARTY, domain: "cdn.test", category: "cdn" }, { ...PARTY, domain: "z.test", violation_key: null }]);
  const gambling = english("violation.gambling");
  const told = [gambling, `${gambling}${english("finding.separator")}${english("category.cdn")}`, english("category.unknown")];
  expect(panel.findAll("tbody tr").map((row) => row.findAll("td")[2]!.text())).toEqual(told);
});

test("its own page names it as the list does", async () => {
  setLanguage("en");
  const rest = new FakeRest();
  rest.answers["GET /tasks/t1/third-parties/a.test"] = { attempt: 1, third_party: PARTY, findings: [], references: [], reference_count: 0, chains: [], captures: [], site_captures: [] };
  const page = mount(PartyView, { props: { taskId: "t1", domain: "a.test", attempt: null }, global: rest.mounting() });
  await flushPromises();
  expect(page.find("header").text()).toContain(english("violation.gambling"));
  expect(page.find("header").text()).not.toContain(english("category.unknown"));
});

test("the worst come first, and a column's head puts them in its order", async () => {
  const panel = await mounted([
    { ...PARTY, domain: "much.test", risk_level: "low", references: 90, hidden: 1 },
    { ...PARTY, domain: "bad.test", risk_level: "critical", references: 2 },
    { ...PARTY, domain: "z-hidden.test", risk_level: "low", references: 5, hidden: 7 },
  ]);
  const order = () => panel.findAll("tbody .domain").map((link) => link.text().split(".")[0]);
  const sorted = () => panel.findAll("thead [aria-sort]").map((head) => [head.text().replace(/[▲▼↕]/, ""), head.attributes("aria-sort")]);
  expect([order(), sorted()]).toEqual([["bad", "much", "z-hidden"], [[english("parties.risk"), "descending"]]]);
  const click = async (key: Parameters<typeof english>[0]) => {
    await panel.findAll("thead button").find((button) => button.text().startsWith(english(key)))!.trigger("click");
    return [order(), sorted()];
  };
  expect(await click("parties.hidden")).toEqual([["z-hidden", "much", "bad"], [[english("parties.hidden"), "descending"]]]);
  expect(await click("parties.references")).toEqual([["much", "z-hidden", "bad"], [[english("parties.references"), "descending"]]]);
  expect(await click("parties.domain")).toEqual([["bad", "much", "z-hidden"], [[english("parties.domain"), "ascending"]]]);
});
