// @vitest-environment happy-dom
/** The third parties of a scan, as its tab lists them. */

import { flushPromises, mount } from "@vue/test-utils";
import { expect, test } from "vitest";

import PartiesPanel from "@/components/PartiesPanel.vue";
import { shownOf } from "@/composables/useScan";
import { TaskState } from "@/realtime";
import { setLanguage } from "@/texts";

import { english } from "../support/english";
import { FakeRest } from "../support/fakeRest";
import { snapshot } from "../support/frames";

const PARTY = {
  domain: "a.test", hosts: ["casino.test"], host_count: 1, category: "unknown", risk_level: "high", outcome: "examined", references: 1,
  relation: "link", hidden: 0, example_page: "http://corp.test/", violation_key: "gambling",
};

test("a third party with a finding has the category of the finding", async () => {
  setLanguage("en");
  const rest = new FakeRest();
  const state = new TaskState(snapshot(1, { status: "completed" }));
  const others = [{ ...PARTY, domain: "cdn.test", category: "cdn" }, { ...PARTY, domain: "z.test", violation_key: null }];
  rest.answers[`GET /tasks/${state.taskId}/third-parties`] = { items: [PARTY, ...others], total: 3, truncated: false, attempt: 1 };
  const panel = mount(PartiesPanel, { props: { state: shownOf(state), attempt: null }, global: rest.mounting() });
  await flushPromises();
  const gambling = english("violation.gambling");
  const told = [gambling, `${gambling}${english("finding.separator")}${english("category.cdn")}`, english("category.unknown")];
  expect(panel.findAll("tbody tr").map((row) => row.findAll("td")[2]!.text())).toEqual(told);
});
