// @vitest-environment happy-dom
/** Comments on a finding: what is said, how many there are, and how one more is added. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test } from "vitest";

import CommentBar from "@/components/finding/CommentBar.vue";
import FindingGroups from "@/components/FindingGroups.vue";
import { entryOfFinding } from "@/components/findingGroups";
import DecisionButtons from "@/components/findings/DecisionButtons.vue";
import type { FindingDetail } from "@/generated/rest";
import { setLanguage, useTexts } from "@/texts";
import FindingView from "@/views/FindingView.vue";

import { english } from "../support/english";
import { FakeRest, problem } from "../support/fakeRest";
import { comment, finding } from "../support/finding";

const PLACE = "/tasks/t1/findings/gambling.casino.test";
const [ONE, TWO] = [comment("told them by phone\nthree days"), comment("removed", { author: null })];
let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  location.hash = "";
  rest = new FakeRest();
});

function bar(more: Partial<FindingDetail>, add: (text: string) => Promise<boolean> = () => Promise.resolve(true)) {
  return mount(CommentBar, { global: rest.mounting(), props: { taskId: "t1", attempt: null, finding: finding(more), isBusy: false, add } });
}

test("a finding without comments offers to add one, and what is said is sent without spaces around it", async () => {
  const said: string[] = [];
  const view = bar({}, (text) => { said.push(text); return Promise.resolve(true); });
  await view.find(".add").trigger("click");
  await view.find("form").trigger("submit");
  expect(said).toEqual([]);
  await view.find("textarea").setValue("  told them\ntoday ");
  await view.find("form").trigger("submit");
  await flushPromises();
  expect(said).toEqual(["told them\ntoday"]);
  expect(view.find("form").exists()).toBe(false);
});

test("what could not be saved stays in the form", async () => {
  const view = bar({}, () => Promise.resolve(false));
  await view.find(".add").trigger("click");
  await view.find("textarea").setValue("x");
  await view.find("form").trigger("submit");
  await flushPromises();
  expect(view.find("textarea").element.value).toBe("x");
});

test("in a line of the review the newest comment stands alone until all are asked for", async () => {
  rest.answers[`GET ${PLACE}/comments`] = { items: [ONE, TWO] };
  const view = bar({ comment_count: 2, last_comment: TWO });
  expect(view.findAll(".comment").map((one) => one.text())).toEqual(["removed"]);
  await view.find(".all").trigger("click");
  await flushPromises();
  expect(view.findAll(".comment").map((one) => one.text())).toEqual([ONE.text, "removed"]);
  expect(view.find(".said").text()).toContain("mei, ");
  expect(view.find(".all").exists()).toBe(false);
});

test("the page of a finding shows all comments, and a new one at once, without a second request", async () => {
  rest.answers = { [`GET ${PLACE}`]: finding({ comment_count: 1, last_comment: ONE, comments: [ONE] }), [`POST ${PLACE}/comments`]: TWO };
  const view = mount(FindingView, { global: rest.mounting(), props: { taskId: "t1", findingId: "gambling.casino.test", attempt: null } });
  await flushPromises();
  await view.find(".comments .add").trigger("click");
  await view.find(".comments textarea").setValue("removed");
  await view.find(".comments form").trigger("submit");
  await flushPromises();
  expect(view.findAll(".comments .comment").map((one) => one.text())).toEqual([ONE.text, "removed"]);
  expect(rest.asked.filter(({ path }) => path.startsWith(PLACE)).map(({ method, body }) => [method, body])).toEqual([["GET", null], ["POST", { text: "removed" }]]);
});

test("a refusal is told on the page of the finding, and nothing is lost", async () => {
  rest.answers = { [`GET ${PLACE}`]: finding(), [`POST ${PLACE}/comments`]: problem(409, "comment_limit") };
  const view = mount(FindingView, { global: rest.mounting(), props: { taskId: "t1", findingId: "gambling.casino.test", attempt: null } });
  await flushPromises();
  await view.find(".comments .add").trigger("click");
  await view.find(".comments textarea").setValue("x");
  await view.find(".comments form").trigger("submit");
  await flushPromises();
  expect(view.find(".decision > [role=alert]").exists()).toBe(true);
  expect(view.find("textarea").element.value).toBe("x");
});

test("a card of the list says how many comments there are, and the first line of the newest", () => {
  const entries = [finding({ comment_count: 2, last_comment: ONE })].map((one) => entryOfFinding(useTexts(), one));
  const view = mount(FindingGroups, { global: rest.mounting(), props: { entries, evidenceOf: () => "/" } });
  expect(view.find("[data-comments]").text()).toBe(english("comment.count", { count: 2 }));
  expect(view.find("[data-last-comment]").text()).toBe("told them by phone");
});

test("a card offers to comment beside its decisions", async () => {
  const view = mount(DecisionButtons, { global: rest.mounting(), props: { finding: finding(), isBusy: false, withComment: true } });
  await view.find("[data-comment]").trigger("click");
  expect(view.emitted("comment")).toHaveLength(1);
  expect(mount(DecisionButtons, { global: rest.mounting(), props: { finding: finding(), isBusy: false } }).find("[data-comment]").exists()).toBe(false);
});
