/** Rules of components without a document. */

import { describe, expect, test } from "vitest";

import { entryOfViolation, groupByDomain, type Entry } from "@/components/findingGroups";
import { barsOf } from "@/components/gantt";
import { PRESETS, SHIPPED, emptyForm, requestOf } from "@/components/scanOptions";
import { windowOf } from "@/components/virtualWindow";
import { SCAN_OPTIONS } from "@/generated/contract";
import type { SnapshotStage } from "@/generated/frames";
import { whereTo } from "@/router";

import { STAGES, at } from "../support/frames";

describe("groups of findings", () => {
  const entry = (id: string, domain: string, risk: string) => ({ id, domain, risk }) as Entry;

  test("stand with the worst domain first, and the worst of it first", () => {
    const groups = groupByDomain([entry("1", "a", "low"), entry("2", "b", "medium"), entry("3", "a", "critical"), entry("4", "c", "unheard")]);
    expect(groups.map(({ domain, risk, entries }) => [domain, risk, entries.map(({ id }) => id)])).toEqual([
      ["a", "critical", ["3", "1"]], ["b", "medium", ["2"]], ["c", "unheard", ["4"]],
    ]);
  });

  test("have a name for a kind that is newer than the page", () => {
    const texts = { code: (_prefix: string, _name: string, fallback: string) => fallback } as never;
    const violation = { violation_type: "New kind", violation_key: "new_kind", domain: "a" } as never;
    expect(entryOfViolation(texts, violation, "corp.test").title).toBe("New kind");
  });

  test("lead to what is kept of another's domain while the scan runs; the site's own are no third parties", () => {
    const texts = { code: () => "" } as never;
    const leads = (domain: string) => entryOfViolation(texts, { domain } as never, "corp.test").hasEvidence;
    expect(["casino.test", "notcorp.test", "corp.test", "old.corp.test"].filter(leads)).toEqual(["casino.test", "notcorp.test"]);
  });
});

describe("the bars of the stages", () => {
  const stage = (key: (typeof STAGES)[number], from: number | null, to: number | null): SnapshotStage => ({
    key, name: key, status: "running", progress: 0,
    started_at: from === null ? null : at(from), finished_at: to === null ? null : at(to),
  });

  test("stand where the stages were, and what runs ends now", () => {
    const bars = barsOf([stage(STAGES[0]!, 0, 5), stage(STAGES[1]!, 5, null), stage(STAGES[2]!, null, null)], null, Date.parse(at(20)));
    expect(bars).toEqual([{ left: 0, width: 25, seconds: 5 }, { left: 25, width: 75, seconds: 15 }, null]);
  });

  test("end with the scan, and a moment is still to be seen within the track", () => {
    const bars = barsOf([stage(STAGES[0]!, 0, 100), stage(STAGES[1]!, 100, 100)], at(100), Date.parse(at(500)));
    expect(bars[0]).toMatchObject({ left: 0, width: 100 });
    expect(bars[1]!.width).toBeGreaterThan(0);
    expect(bars[1]!.left + bars[1]!.width).toBeLessThanOrEqual(100);
  });

  test("are none before anything has begun, whatever the clock says", () => {
    expect(barsOf(STAGES.map((key) => stage(key, null, null)), null, 0)).toEqual([null, null, null, null, null]);
    const ahead = barsOf([stage(STAGES[0]!, 10, null)], null, Date.parse(at(5))); // a clock behind the server's
    expect(ahead[0]).toMatchObject({ left: 0, seconds: 0 });
  });
});

describe("the window of a long list", () => {
  test("holds what is in sight and some around it", () => {
    expect(windowOf(100_000, 24, 240_000, 360)).toEqual({ from: 9_988, to: 10_027 });
    expect(windowOf(5, 24, 0, 360)).toEqual({ from: 0, to: 5 });
    expect(windowOf(0, 24, 0, 360)).toEqual({ from: 0, to: 0 });
  });

  test("holds the end when the list has become shorter than where one was", () => {
    expect(windowOf(20, 24, 9_999_999, 360)).toEqual({ from: 0, to: 20 });
    expect(windowOf(20, 24, -50, 240).from).toBe(0);
  });
});

describe("the request for a scan", () => {
  test("says what differs from the server's own defaults, and nothing else", () => {
    expect(requestOf(emptyForm(" corp.test "))).toEqual({ target_domain: "corp.test" });
    const other = { ...SHIPPED, screenshots: false, cloaking: false };
    expect(requestOf(emptyForm("corp.test", other), other)).toEqual({ target_domain: "corp.test" });
    expect(requestOf({ ...emptyForm("corp.test", other), screenshots: true }, other).config).toEqual({ screenshots: true });
    expect(requestOf(emptyForm("corp.test"), null).config).toEqual({ use_passive_sources: true, screenshots: true, cloaking: true });
    const form = { ...emptyForm("corp.test"), ...PRESETS.quick, startUrls: " https://a/ \n\n", passive: false, screenshots: false, cloaking: false };
    expect(requestOf(form).config).toEqual({
      max_pages: 100, max_depth: 2, time_limit_s: 600, start_urls: ["https://a/"], use_passive_sources: false, screenshots: false, cloaking: false,
    });
  });

  test("stays within the server's bounds with every preset", () => {
    for (const { maxPages, maxDepth, minutes } of Object.values(PRESETS)) {
      expect(maxPages ?? 1).toBeLessThanOrEqual(SCAN_OPTIONS.max_pages.bounds[1]);
      expect(maxDepth ?? 0).toBeLessThanOrEqual(SCAN_OPTIONS.max_depth.bounds[1]);
      expect((minutes ?? 1) * 60).toBeLessThanOrEqual(SCAN_OPTIONS.time_limit_s.bounds[1]);
    }
  });
});

test("signing in leads where the link led, within this page alone", () => {
  expect(whereTo("/scans/1?attempt=2")).toBe("/scans/1?attempt=2");
  for (const asked of [undefined, null, "https://evil.test/", "//evil.test/", ["/scans"]]) expect(whereTo(asked)).toBe("/");
});
