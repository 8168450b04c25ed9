// @vitest-environment happy-dom
import { beforeEach, expect, test } from "vitest";

import type { FindingSum } from "@/composables/useFindings";
import { shownOf, type ShownState } from "@/composables/useScan";
import type { SnapshotStage, StageKey } from "@/generated/frames";
import { TaskState } from "@/realtime";
import { setLanguage, textIn, useTexts, type Language } from "@/texts";
import { sentenceOf } from "@/texts/verdict";

import { english } from "../support/english";
import { snapshot } from "../support/frames";

beforeEach(() => setLanguage("en"));

function state(more: Parameters<typeof snapshot>[1]): ShownState {
  return shownOf(new TaskState(snapshot(1, more)));
}

/** All five, of which these run. */
function stages(...running: StageKey[]): SnapshotStage[] {
  return snapshot(1).stages.map((stage) => (running.includes(stage.key) ? { ...stage, status: "running" } : stage));
}

/** The findings that nobody has dismissed, of the attempt that `state` has. */
function sumOf(more: Partial<FindingSum> = {}): FindingSum {
  return { attempt: 1, findings: 17, severe: 14, domains: 13, dismissed: 0, checked: 352, checkable: 359, ...more };
}

const STATISTICS = { total_pages_crawled: 352, total_subdomains: 3, total_third_party_domains: 40, total_violations: 13 };

test("what violates is said first, with the numbers of the list below and how much was read", () => {
  const violations = { total: 23, critical: 3, high: 5, medium: 5, low: 0, needs_review: 1, recent: [] };
  const ended = state({ status: "completed", verdict: { result: "violations", reasons: ["page_limit"] }, violations, statistics: STATISTICS });
  const sum = sumOf();
  expect(sentenceOf(useTexts(), ended, sum)).toEqual({
    tone: "bad", text: "17 findings on 13 domains, 14 high or critical. 352 of 359 URLs checked.", more: english("reason.page_limit"),
  });
  expect(sentenceOf(useTexts(), ended).text).toBe(english("sentence.violations_unread", { pages: 352 }));
  setLanguage("zh-CN");
  expect(sentenceOf(useTexts(), ended, sum).text).toBe("17 项问题，涉及 13 个域名，其中 14 项为严重或高危。应检查的 359 个链接中，已检查 352 个。");
});

test("what was dismissed is not counted, and said beside it", () => {
  const ended = state({ status: "completed", verdict: { result: "violations", reasons: ["page_limit"] }, statistics: STATISTICS });
  const said = sentenceOf(useTexts(), ended, sumOf({ findings: 15, dismissed: 2 }));
  expect(said.text).toContain("15 findings");
  expect(said.more).toBe(`2 dismissed findings not counted; ${english("reason.page_limit")}`);
  const none = sentenceOf(useTexts(), ended, sumOf({ findings: 0, severe: 0, domains: 0, dismissed: 17 }));
  expect(none).toEqual({ tone: "calm", text: "Everything found was dismissed: 17 findings. 352 pages read.", more: english("reason.page_limit") });
  setLanguage("zh-CN");
  expect(sentenceOf(useTexts(), ended, sumOf({ dismissed: 2 })).more).toContain("另有 2 项已忽略，未计入");
});

test("of a scan that was stopped the same findings count, and as they were found those that do not stand", () => {
  const findings = { total: 5, critical: 4, high: 1, medium: 0, low: 0, needs_review: 0 };
  const stopped = state({ status: "cancelled", findings });
  const incomplete = english("sentence.incomplete");
  expect(sentenceOf(useTexts(), stopped).more).toBe(incomplete);
  const found = sentenceOf(useTexts(), stopped, sumOf({ findings: 3, severe: 2, dismissed: 2 })).more;
  expect(found).toBe(`${incomplete}; ${english("sentence.so_far", { count: 3, severe: 2 })}; ${english("sentence.not_counted", { count: 2 })}`);
  expect(sentenceOf(useTexts(), stopped, sumOf({ attempt: 2 })).more).toBe(`${incomplete}; ${english("sentence.so_far", { count: 5, severe: 5 })}`);
});

test("a cancelled scan says by whom, how far it had come and how much it had read", () => {
  const stopped = { status: "cancelled" as const, progress: 81, statistics: STATISTICS };
  const text = (more: Parameters<typeof state>[0]) => sentenceOf(useTexts(), state({ ...stopped, ...more })).text;
  expect(text({ ended_by: "admin" })).toBe(english("sentence.cancelled", { by: "admin", percent: 81, pages: 352 }));
  expect(text({})).toBe(english("sentence.cancelled_by_unknown", { percent: 81, pages: 352 }));
  expect(text({ ended_by: "admin", started_at: null })).toBe(english("sentence.cancelled_before_start", { by: "admin" }));
});

test("pages are said where no URL is known, as of a scan that was recorded", () => {
  const ended = state({ status: "completed", verdict: { result: "violations" }, statistics: STATISTICS });
  const sum = sumOf({ findings: 1, severe: 1, domains: 1, checked: 0, checkable: 0 });
  const said = (language: Language) =>
    textIn(language, "sentence.violations_pages", { count: 1, found: textIn(language, "sentence.findings", { count: 1 }), severe: 1, pages: 352 });
  expect(sentenceOf(useTexts(), ended, sum).text).toBe(said("en"));
  setLanguage("zh-CN");
  expect(sentenceOf(useTexts(), ended, sum).text).toBe(said("zh-CN"));
});

test("a clean site is one of which enough was seen", () => {
  const said = sentenceOf(useTexts(), state({ status: "completed", verdict: { result: "clean" }, statistics: STATISTICS }));
  expect(said).toMatchObject({ tone: "good", text: english("sentence.clean", { pages: 352 }) });
});

test("what was not seen is never called clean", () => {
  const unseen = sentenceOf(useTexts(), state({ status: "completed", verdict: { result: "inconclusive", reasons: ["start_page"] } }));
  expect(unseen).toMatchObject({ tone: "bad", text: english("sentence.nothing") });
  expect(unseen.more).toBe(english("reason.start_page"));
  const left = sentenceOf(useTexts(), state({
    status: "completed", statistics: STATISTICS,
    verdict: { result: "inconclusive", reasons: ["low_party_coverage", "parties_not_examined"], counts: { parties_not_examined: 25001 } },
  }));
  expect(left.text).toContain("third parties");
  expect(left.more).toContain("25,001");
  const little = sentenceOf(useTexts(), state({ status: "completed", verdict: { result: "inconclusive" }, statistics: STATISTICS }));
  expect(little.tone).toBe("warn");
  expect(sentenceOf(useTexts(), state({ status: "completed", verdict: null, statistics: STATISTICS })).tone).toBe("warn");
});

test("a failure says why, with the server's own words for a reason that is new", () => {
  const failed = (code: string) => sentenceOf(useTexts(), state({ status: "failed", error: { code, message: "the moon" } })).text;
  expect(failed("timeout")).toBe(english("task.error", { message: english("failure.timeout") }));
  expect(failed("of_the_future")).toBe(english("task.error", { message: "the moon" }));
});

test("a waiting scan says where it stands, one that is resumed that it is", () => {
  expect(sentenceOf(useTexts(), state({ status: "pending", queue_position: 4 })).text).toBe("Position 4 in the queue");
  expect(sentenceOf(useTexts(), state({ status: "pending", progress: 40 })).text).toContain("checkpoint");
});

test("while it runs it says what it does, and what it has found so far", () => {
  const findings = { total: 1, critical: 1, high: 0, medium: 0, low: 0, needs_review: 0 };
  const found = english("sentence.so_far", { count: 1, severe: 1 });
  const begun = state({ stage_key: "page_crawl", findings });
  expect(sentenceOf(useTexts(), begun)).toEqual({ tone: "running", text: "Page crawl", more: found }); // no stage has said that it runs
  const both = state({ stage_key: "subdomain_discovery", findings, stages: stages("page_crawl", "ai_analysis") });
  expect(sentenceOf(useTexts(), both)).toEqual({ tone: "running", text: "Page crawl, Content analysis", more: found });
  expect(sentenceOf(useTexts(), { ...both, message: "3 of 9 pages" }).more).toBe(`3 of 9 pages; ${found}`);
  expect(sentenceOf(useTexts(), { ...both, message: "Content analysis" }).more).toBe(found); // a stage that has said nothing has its name
  setLanguage("zh-CN");
  expect(sentenceOf(useTexts(), both).text).toBe("页面爬取、内容研判");
});
