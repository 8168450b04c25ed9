// @vitest-environment happy-dom
/** What differs from the scan before: the first tab of a scan that has one before it. */

import { flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { beforeEach, describe, expect, test, vi } from "vitest";

import DifferencesPanel from "@/components/scan/DifferencesPanel.vue";
import ScanTabs from "@/components/scan/ScanTabs.vue";
import { shownOf } from "@/composables/useScan";
import { TaskState } from "@/realtime";
import { setLanguage } from "@/texts";
import { formatMoment } from "@/texts/format";

import { english } from "../support/english";
import { FakeRest, problem } from "../support/fakeRest";
import { TASK as TASK_ID, snapshot } from "../support/frames";

const DIFF = `GET /tasks/${TASK_ID}/diff`;
const BEFORE = "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a99";
const ENDED = { status: "completed" as const };
const ITEM = {
  section: "content", change: "changed", name: "partner.test", aspect: "registered_on", before: "2011-04-12", after: "2026-11-02", page: "http://corp.test/partners",
  url: "", was_read: true, first_seen_at: null, last_seen_at: "2026-12-01T02:00:00.000Z", text: "partner.test was registered anew.",
};
const NEW = { ...ITEM, section: "third_parties", change: "new", name: "new.test", aspect: "link", was_read: false, page: "", text: "New third party: new.test." };
const MISSED = { ...ITEM, section: "third_parties", change: "not_seen", name: "old.test", aspect: "link", page: "", text: "Not checked: old.test." };
const ROTATING = { ...ITEM, section: "third_parties", change: "rotating", name: "ad.test", aspect: "link", page: "", before: "link", after: "", text: "Not seen this time: ad.test." };
const SEEN_AGAIN = { ...ROTATING, name: "ad2.test", before: "", after: "link", text: "Seen again: ad2.test." };
const BACK = { ...ROTATING, change: "back", name: "pier.test", before: "2026-11-02", text: "Third party is used again: pier.test." };
const SCAN = { task_id: TASK_ID, attempt: 1, status: "completed", completed_at: "2026-12-01T02:00:00.000Z", conclusive: true, verdict: null };
const AGAINST = { ...SCAN, task_id: BEFORE, completed_at: "2026-11-01T02:00:00.000Z", verdict: { result: "clean", reasons: ["page_limit"], counts: null } };
const FOUND = {
  items: [ITEM, NEW, MISSED], total: 3, truncated: false, scan: SCAN, against: AGAINST, changes: 2, not_seen: 1, rotating: 0,
  counts: { content: { changed: 1 }, third_parties: { new: 1, not_seen: 1 } },
};
const NONE = { ...FOUND, items: [], total: 0, changes: 0, not_seen: 0, counts: {}, against: { ...AGAINST, verdict: null } };

let rest: FakeRest;
let global: ReturnType<FakeRest["mounting"]>;

beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
  rest.answers = { [DIFF]: FOUND };
  global = rest.mounting();
});

async function settled(): Promise<void> {
  await flushPromises();
  await vi.dynamicImportSettled();
  await flushPromises();
}

async function panel(): Promise<VueWrapper> {
  const shown = mount(DifferencesPanel, { props: { state: shownOf(new TaskState(snapshot(1, ENDED))), attempt: null }, global });
  await settled();
  return shown;
}

async function tabs(address: string, over: Parameters<typeof snapshot>[1] = ENDED): Promise<VueWrapper> {
  const router = global.plugins[1] as ReturnType<typeof import("vue-router").createRouter>;
  await router.push(`/scans/${TASK_ID}${address}`);
  const shown = mount(ScanTabs, { props: { state: shownOf(new TaskState(snapshot(1, over))), attempt: null, addLines: () => {} }, global });
  await settled();
  return shown;
}

describe("the list", () => {
  test("shows what became of known third parties first, each with its change and its page", async () => {
    const shown = await panel();
    expect(shown.findAll(".group").map((group) => group.attributes("data-section"))).toEqual(["content", "third_parties"]);
    expect(shown.findAll("[data-change]").map((row) => [row.attributes("data-change"), row.find(".told").text()])).toEqual([
      ["changed", `partner.test was registered anew.${english("differences.page", { page: "http://corp.test/partners" })}`],
      ["new", `New third party: new.test.${english("differences.not_read_before")}`],
      ["not_seen", "Not checked: old.test."],
    ]);
  });

  test("leads to what is there in this scan, and to what is not in the one before", async () => {
    const shown = await panel();
    const links = shown.findAll(".told a").map((link) => link.attributes("href"));
    expect(links[0]).toContain(`/scans/${TASK_ID}/third-parties/partner.test`);
    expect(links[2]).toContain(`/scans/${BEFORE}/third-parties/old.test`);
  });

  test("says what could not be compared, and why", async () => {
    const shown = await panel();
    const reasons = english("reason.page_limit");
    expect(shown.find(".limits").text()).toContain(english("differences.not_seen", { count: 1 }));
    expect(shown.find(".limits").text()).toContain(english("differences.gaps_before", { reasons }));
  });

  test("says why what comes and goes is no change, and leads to where it is", async () => {
    rest.answers[DIFF] = { ...FOUND, items: [BACK, ROTATING, SEEN_AGAIN], rotating: 2, counts: { third_parties: { back: 1, rotating: 2 } } };
    const shown = await panel();
    expect(shown.find(".limits").text()).toContain(english("differences.rotating", { count: 2 }));
    const links = shown.findAll(".told a").map((link) => link.attributes("href"));
    expect(links[0]).toContain(`/scans/${TASK_ID}/third-parties/pier.test`);
    expect(links[1]).toContain(`/scans/${BEFORE}/third-parties/ad.test`);
    expect(links[2]).toContain(`/scans/${TASK_ID}/third-parties/ad2.test`);
  });

  test("counts the changes as its tab does, and apart from them what is none", async () => {
    const shown = await panel();
    const others = english("differences.others", { count: 1 });
    expect(shown.find("h2 .count").text()).toBe(`${english("differences.changes", { count: 2 })}${english("finding.separator")}${others}`);
    await shown.find("select").setValue("third_parties");
    await settled();
    expect(shown.find("h2 .count").text()).toBe(english("listing.count", { count: 3 }));
  });

  test("says since when nothing has changed", async () => {
    rest.answers[DIFF] = NONE;
    const shown = await panel();
    expect(shown.find(".state").text()).toMatch(/^No changes since Nov 1/);
    expect(shown.find(".limits").exists()).toBe(false);
  });

  test.each(["cancelled", "failed"] as const)("never says that what a scan did not check before it %s has no changes", async (status) => {
    rest.answers[DIFF] = { ...NONE, scan: { ...SCAN, status, conclusive: false }, against: AGAINST };
    const shown = await panel();
    const time = formatMoment(AGAINST.completed_at, "en");
    expect(shown.find(".state").text()).toContain(english(`differences.none_${status}`, { time }));
    const limits = shown.findAll(".limits li").map((line) => line.text());
    expect(limits).toEqual([english(`differences.gaps_${status}`), english("differences.gaps_before", { reasons: english("reason.page_limit") })]);
  });

  test("is narrowed to one section", async () => {
    const shown = await panel();
    await shown.find("select").setValue("third_parties");
    await settled();
    expect(rest.asked.at(-1)?.query.get("section")).toBe("third_parties");
  });

  test("offers another try when it cannot be read", async () => {
    rest.answers[DIFF] = problem(503, "results_unavailable");
    const shown = await panel();
    expect(shown.find("[data-state=failed]").exists()).toBe(true);
    rest.answers[DIFF] = FOUND;
    await shown.find("[data-state=failed] button").trigger("click");
    await settled();
    expect(shown.findAll("[data-change]")).toHaveLength(3);
  });
});

describe("the tab", () => {
  const named = (shown: VueWrapper) => shown.findAll(".tabs a").map((link) => link.attributes("data-tab"));

  test("is the first and open for a scan that has one before it, with the number of changes", async () => {
    const shown = await tabs("");
    expect(named(shown)[0]).toBe("changes");
    expect(shown.find("[aria-current=page]").attributes("data-tab")).toBe("changes");
    expect(shown.find("[data-tab=changes] .count").text()).toBe("2");
    await shown.find("[data-tab=log]").trigger("click");
    await settled();
    expect(shown.find("[aria-current=page]").attributes("data-tab")).toBe("log");
  });

  test("is not there for the first scan of a target, while a scan runs, and when it cannot be told", async () => {
    rest.answers[DIFF] = { ...NONE, against: null };
    expect(named(await tabs(""))).not.toContain("changes");
    rest.answers[DIFF] = problem(503, "results_unavailable");
    expect(named(await tabs(""))).not.toContain("changes");
    const asked = rest.asked.length;
    expect(named(await tabs("", { status: "running" }))).not.toContain("changes");
    expect(rest.asked).toHaveLength(asked);
  });

  test("leaves the log that is watched when the scan ends", async () => {
    const shown = await tabs("", { status: "running" });
    await shown.setProps({ state: shownOf(new TaskState(snapshot(2, ENDED))) });
    await settled();
    expect(named(shown)[0]).toBe("changes");
    expect(shown.find("[aria-current=page]").attributes("data-tab")).toBe("log");
  });
});
