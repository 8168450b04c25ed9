// @vitest-environment happy-dom
import { beforeEach, expect, test } from "vitest";

import { shownOf, type ShownState } from "@/composables/useScan";
import { TaskState } from "@/realtime";
import { setLanguage, useTexts } from "@/texts";
import { sentenceOf } from "@/texts/verdict";

import { snapshot } from "../support/frames";

beforeEach(() => setLanguage("en"));

function state(more: Parameters<typeof snapshot>[1]): ShownState {
  return shownOf(new TaskState(snapshot(1, more)));
}

const STATISTICS = { total_pages_crawled: 352, total_subdomains: 3, total_third_party_domains: 40, total_violations: 13 };

test("violations are said first, with how many are severe", () => {
  const violations = { total: 13, critical: 3, high: 5, medium: 5, low: 0, needs_review: 1, recent: [] };
  const said = sentenceOf(useTexts(), state({ status: "completed", verdict: { result: "violations", reasons: ["page_limit"] }, violations, statistics: STATISTICS }));
  expect(said).toEqual({
    tone: "bad", text: "13 violations found, 8 of them high or critical; 352 pages read", more: "the page limit was reached",
  });
});

test("a clean site is one of which enough was seen", () => {
  const said = sentenceOf(useTexts(), state({ status: "completed", verdict: { result: "clean" }, statistics: STATISTICS }));
  expect(said).toMatchObject({ tone: "good", text: "No violations found; 352 pages read" });
});

test("what was not seen is never called clean", () => {
  const unseen = sentenceOf(useTexts(), state({ status: "completed", verdict: { result: "inconclusive", reasons: ["start_page"] } }));
  expect(unseen).toMatchObject({ tone: "bad", text: "Nothing could be examined: this scan says nothing about the site" });
  expect(unseen.more).toBe("the start page showed nothing that could be checked");
  const little = sentenceOf(useTexts(), state({ status: "completed", verdict: { result: "inconclusive" }, statistics: STATISTICS }));
  expect(little.tone).toBe("warn");
  expect(sentenceOf(useTexts(), state({ status: "completed", verdict: null, statistics: STATISTICS })).tone).toBe("warn");
});

test("a failure says why, with the server's own words for a reason that is new", () => {
  const failed = (code: string) => sentenceOf(useTexts(), state({ status: "failed", error: { code, message: "the moon" } })).text;
  expect(failed("timeout")).toBe("Reason for the failure: The scan ran for too long and was stopped.");
  expect(failed("of_the_future")).toBe("Reason for the failure: the moon");
});

test("a waiting scan says where it stands, one that is resumed that it is", () => {
  expect(sentenceOf(useTexts(), state({ status: "pending", queue_position: 4 })).text).toBe("Position 4 in the queue");
  expect(sentenceOf(useTexts(), state({ status: "pending", progress: 40 })).text).toContain("checkpoint");
});

test("while it runs it says what it does, and what it has found so far", () => {
  const violations = { total: 1, critical: 1, high: 0, medium: 0, low: 0, needs_review: 0, recent: [] };
  const said = sentenceOf(useTexts(), state({ stage_key: "page_crawl", violations }));
  expect(said).toEqual({ tone: "running", text: "Page crawl", more: "1 violation so far, 1 high or critical" });
});
