// @vitest-environment happy-dom
/** Notifications: the bell and its list, rules, channels with their test button, and deliveries that are sent again. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test } from "vitest";

import ChannelDialog from "@/components/notifications/ChannelDialog.vue";
import ChannelsPanel from "@/components/notifications/ChannelsPanel.vue";
import DeliveriesPanel from "@/components/notifications/DeliveriesPanel.vue";
import FeedPanel from "@/components/notifications/FeedPanel.vue";
import NotificationBell from "@/components/notifications/NotificationBell.vue";
import NotificationItem from "@/components/notifications/NotificationItem.vue";
import RulesPanel from "@/components/notifications/RulesPanel.vue";
import SigningSecret from "@/components/notifications/SigningSecret.vue";
import { channelChangesOf, channelCreationOf, channelFormOf } from "@/components/notifications/channelForm";
import { headingOf, linesOf } from "@/components/notifications/notificationText";
import { ruleFormOf, ruleOf, weekdayName } from "@/components/notifications/ruleForm";
import type { ChannelResponse, DeliveryResponse, NotificationContent, NotificationResponse, RuleResponse } from "@/generated/rest";
import { useFeed } from "@/stores/feed";
import { setLanguage, useTexts } from "@/texts";
import { formatMoment } from "@/texts/format";

import { english } from "../support/english";
import { FakeRest } from "../support/fakeRest";

const CONTENT = {
  kind: "findings", target_domain: "corp.test", task_id: "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a11", attempt: 1, total: 5,
  findings: [
    { id: "gambling.bets.test", domain: "bets.test", category: "gambling", risk_level: "critical", raised_from: "high", needs_review: false, url: "https://bets.test/" },
    { id: "adult.x.test", domain: "x.test", category: "adult", risk_level: "high", needs_review: false, url: "https://x.test/" },
  ],
} as unknown as NotificationContent;
const CHANNEL: ChannelResponse = {
  id: "c1", name: "Group", kind: "dingtalk", language: "en", leads_to: "https://robot.test/…", enabled: true, created_at: "2026-11-27T02:00:00Z", last_sent_at: null, failures: 0,
  last_error: null, last_test: null,
};
const RULE: RuleResponse = {
  id: "r1", name: "High risks", enabled: true, kinds: ["findings", "scan_failed"], min_risk: "high", targets: ["corp.test"], all_users: false, channel_ids: ["c1", "gone"],
  time_zone: "Asia/Shanghai", digest: "weekly", digest_time: "09:00", digest_weekday: 4, quiet_from: null, quiet_until: null, next_digest_at: null, created_at: "2026-11-27T02:00:00Z",
};
let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
  document.body.innerHTML = "";
});

function notification(seq: number, more: Partial<NotificationResponse> = {}): NotificationResponse {
  return { seq, id: `n${seq}`, content: CONTENT, created_at: "2026-11-27T02:00:00Z", read_at: null, ...more };
}

function asked(path: string) {
  return rest.asked.filter((call) => call.path === path);
}

function fill(selector: string, text: string): void {
  const field = document.querySelector<HTMLInputElement>(selector)!;
  field.value = text;
  field.dispatchEvent(new Event("input"));
}

function select(selector: string, chosen: string): void {
  const field = document.querySelector<HTMLSelectElement>(selector)!;
  field.value = chosen;
  field.dispatchEvent(new Event("change"));
}

test("a notification is told by its codes and numbers, the worst findings by name", () => {
  const texts = useTexts();
  expect(headingOf(texts, CONTENT)).toBe(english("notice.findings", { target: "corp.test", count: 5 }));
  const lines = linesOf(texts, CONTENT, 1);
  expect(lines[0]).toBe(english("notice.finding_raised", { risk: "critical", before: "high", category: "Gambling", domain: "bets.test" }));
  expect(lines[1]).toBe(english("notice.more_findings", { count: 4 }));
  expect(headingOf(texts, { kind: "of_tomorrow", target_domain: "corp.test" } as unknown as NotificationContent)).toBe("corp.test");
});

test("what a scan did not check is said as such", () => {
  const content = { kind: "scan_completed", target_domain: "corp.test", reasons: ["server_error", "robots"] } as unknown as NotificationContent;
  const reasons = [english("reason.server_error"), english("reason.robots")].join(english("finding.separator"));
  expect(linesOf(useTexts(), content)).toEqual([english("differences.gaps_now", { reasons })]);
});

test("the end of a scan is told with its open findings and the number of dismissed ones", () => {
  const content = { kind: "scan_completed", target_domain: "corp.test", finding_counts: { total: 1, high: 1 }, dismissed: 2 } as unknown as NotificationContent;
  expect(headingOf(useTexts(), content)).toBe(english("notice.scan_completed", { target: "corp.test", count: 1 }));
  expect(linesOf(useTexts(), content)).toEqual([english("notice.dismissed", { count: 2 })]);
});

test("the signing secret of a webhook is shown once", () => {
  const shown = mount(SigningSecret, { props: { secret: "whsec_x" }, global: rest.mounting() });
  expect(shown.findAll("code").map((code) => code.text())).toEqual(["whsec_x"]);
});

test("the bell says how many are unread, lists the newest, and reads all of them", async () => {
  rest.answers["GET /notifications"] = { items: [notification(7), notification(6, { read_at: "2026-11-27T03:00:00Z" })], last_seq: 7, unread: 120, read_revision: 0 };
  rest.answers["POST /notifications/read"] = { last_seq: 7, unread: 0, read_revision: 1 };
  const bell = mount(NotificationBell, { global: rest.mounting(), attachTo: document.body });
  await useFeed().read();
  await flushPromises();
  expect(bell.get(".number").text()).toBe("99+");
  expect(bell.find("#bell-panel").exists()).toBe(false);
  await bell.get("button").trigger("click");
  await flushPromises();
  expect(bell.findAll(".notification.unread")).toHaveLength(1);
  rest.answers["GET /notifications"] = { items: [], last_seq: 7, unread: 0 };
  await bell.get(".all").trigger("click");
  await flushPromises();
  expect(asked("/notifications/read")[0]?.body).toEqual({ up_to: 7 });
  expect(bell.find(".number").exists()).toBe(false);
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  await flushPromises();
  expect(bell.find("#bell-panel").exists()).toBe(false);
});

test("an empty feed teaches, and a full one goes on to older ones", async () => {
  rest.answers["GET /notifications"] = { items: [], last_seq: 0, unread: 0 };
  const empty = mount(FeedPanel, { global: rest.mounting() });
  await flushPromises();
  expect(empty.text()).toContain(english("feed.empty"));
  empty.unmount();
  rest.answers["GET /notifications"] = { items: Array.from({ length: 30 }, (_, index) => notification(60 - index)), last_seq: 60, unread: 60 };
  const full = mount(FeedPanel, { global: rest.mounting() });
  await flushPromises();
  rest.answers["GET /notifications"] = { items: [notification(30)], last_seq: 60, unread: 60 };
  await full.get(".older button").trigger("click");
  await flushPromises();
  expect(full.findAll(".notification")).toHaveLength(31);
});

function feedPage(newest: number) {
  return { items: Array.from({ length: 30 }, (_, index) => notification(newest - index)), last_seq: newest, unread: 0 };
}

test("new notifications leave no gap before the older ones, and more than a page of them begin the list anew", async () => {
  rest.answers["GET /notifications"] = feedPage(90);
  const panel = mount(FeedPanel, { global: rest.mounting() });
  const shown = () => panel.findAllComponents(NotificationItem).map((item) => item.props("notification").seq);
  await flushPromises();
  rest.answers["GET /notifications"] = feedPage(60);
  await panel.get(".older button").trigger("click");
  await flushPromises();
  expect(shown()).toEqual(Array.from({ length: 60 }, (_, index) => 90 - index));
  rest.answers["GET /notifications"] = feedPage(95);
  await useFeed().read();
  await flushPromises();
  expect(shown()).toEqual(Array.from({ length: 65 }, (_, index) => 95 - index));
  expect(panel.find(".older button").exists()).toBe(true);
  rest.answers["GET /notifications"] = feedPage(200);
  await useFeed().read();
  await flushPromises();
  expect(shown()).toEqual(Array.from({ length: 30 }, (_, index) => 200 - index));
});

test("a channel's test says what went wrong, and so does the channel when it is read again", async () => {
  const error = { code: "rejected" as const, message: "The receiver rejected the message.", detail: "errcode 310000: keywords not in content" };
  rest.answers["GET /rules"] = { items: [] };
  rest.answers["GET /channels"] = { items: [CHANNEL], mail_configured: true };
  rest.answers["POST /channels/c1/test"] = { sent: false, error };
  const panel = mount(ChannelsPanel, { global: rest.mounting() });
  await flushPromises();
  expect(panel.get("[role=status]").text()).toBe("");
  const tested = { ...CHANNEL, last_test: { status: "dead" as const, tested_at: "2026-12-03T07:08:00Z", error } };
  rest.answers["GET /channels"] = { items: [tested], mail_configured: true };
  await panel.findAll(".actions button")[0]!.trigger("click");
  await flushPromises();
  expect(asked("/channels/c1/test")).toHaveLength(1);
  const said = panel.get("[role=status]");
  const time = formatMoment("2026-12-03T07:08:00Z", "en");
  expect(said.findAll("p").map((line) => line.text())).toEqual([english("channels.test_failed", { time }), error.message]);
  expect(said.get("details code").text()).toBe(error.detail);
  expect(said.get("details").attributes("open")).toBeUndefined();
});

test("a channel says whether it is enabled and which rules use it, and offers one if there is none", async () => {
  rest.answers["GET /channels"] = { items: [CHANNEL, { ...CHANNEL, id: "c2", enabled: false }], mail_configured: true };
  rest.answers["GET /rules"] = { items: [RULE, { ...RULE, id: "r2", name: "Old", enabled: false }] };
  const panel = mount(ChannelsPanel, { global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  const [used, unused] = panel.findAll(".channels > li");
  expect(used!.get("h3").text()).toContain(english("notify.on"));
  const rules = ["High risks", english("notify.disabled_rule", { name: "Old" })].join(english("rules.separator"));
  expect(used!.text()).toContain(english("channels.used_by", { rules }));
  expect(used!.find(".add-rule").exists()).toBe(false);
  expect(unused!.get("h3").text()).toContain(english("notify.off"));
  expect(unused!.text()).toContain(english("channels.unused"));
  await unused!.get(".add-rule").trigger("click");
  await flushPromises();
  const chosen = [...document.querySelectorAll<HTMLInputElement>("#rule-form input[value^=c]:checked")].map(({ value }) => value);
  expect(chosen).toEqual(["c2"]);
});

test("of a channel only what was filled in is sent, and a new webhook's secret is shown once", async () => {
  const form = channelFormOf(CHANNEL, "en");
  expect(channelChangesOf(form)).toEqual({ name: "Group", language: "en" });
  expect(channelChangesOf({ ...form, url: " https://new.test/ ", secret: "S" })).toEqual({ name: "Group", language: "en", url: "https://new.test/", secret: "S" });
  expect(channelCreationOf({ ...form, kind: "email", address: "a@b.test", url: "https://x.test/" }, "email")).toEqual({ kind: "email", name: "Group", language: "en", address: "a@b.test" });
  rest.answers["POST /channels"] = { ...CHANNEL, kind: "webhook", signing_secret: "whsec_x" };
  const dialog = mount(ChannelDialog, { props: { modelValue: true, channel: null, canMail: false }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  select("#channel-kind", "email");
  await flushPromises();
  expect(document.body.textContent).toContain(english("channels.no_mail"));
  select("#channel-kind", "webhook");
  await flushPromises();
  document.querySelector<HTMLFormElement>("#channel-form")!.dispatchEvent(new Event("submit"));
  await flushPromises();
  expect(dialog.emitted("saved")).toEqual([[{ id: "c1", secret: "whsec_x" }]]);
});

test("a new channel begins without a kind, and is saved when it has one and a name", async () => {
  mount(ChannelDialog, { props: { modelValue: true, channel: null, canMail: false }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  const save = document.querySelector<HTMLButtonElement>("button[form=channel-form]")!;
  expect(document.querySelector<HTMLSelectElement>("#channel-kind")!.value).toBe("");
  expect(document.querySelector("#channel-form .problem")).toBeNull();
  fill("#channel-name", "Group");
  await flushPromises();
  expect(save.disabled).toBe(true);
  select("#channel-kind", "wecom");
  await flushPromises();
  expect(document.querySelector("#channel-url")).not.toBeNull();
  expect(save.disabled).toBe(false);
});

test("a channel that is added from within a rule is chosen in it, and the draft of the rule stays", async () => {
  rest.answers["GET /channels"] = { items: [], mail_configured: false };
  rest.answers["GET /rules"] = { items: [] };
  const panel = mount(RulesPanel, { global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  await panel.get(".state button").trigger("click");
  await flushPromises();
  fill("#rule-name", "Draft");
  document.querySelector<HTMLButtonElement>("#rule-form .add-channel")!.click();
  await flushPromises();
  fill("#channel-name", "Group");
  select("#channel-kind", "webhook");
  await flushPromises();
  fill("#channel-url", "https://hooks.test/");
  rest.answers["POST /channels"] = { ...CHANNEL, kind: "webhook", signing_secret: "whsec_x" };
  rest.answers["GET /channels"] = { items: [{ ...CHANNEL, kind: "webhook" }], mail_configured: false };
  document.querySelector<HTMLFormElement>("#channel-form")!.dispatchEvent(new Event("submit"));
  await flushPromises();
  expect(document.querySelector("#rule-form")!.textContent).toContain("whsec_x"); // it is shown once only
  expect(document.querySelector<HTMLInputElement>("#rule-form input[value=c1]")!.checked).toBe(true);
  rest.answers["POST /rules"] = RULE;
  document.querySelector<HTMLFormElement>("#rule-form")!.dispatchEvent(new Event("submit"));
  await flushPromises();
  expect(asked("/rules").find((call) => call.method === "POST")?.body).toMatchObject({ name: "Draft", channel_ids: ["c1"] });
});

test("a rule goes through its form unchanged, but for channels that are gone", () => {
  const sent = ruleOf(ruleFormOf(RULE, "", ["c1"]));
  expect(sent).toMatchObject({ name: "High risks", kinds: ["findings", "scan_failed"], targets: ["corp.test"], channel_ids: ["c1"], digest: "weekly", digest_weekday: 4, quiet_from: null });
  const fresh = ruleOf({ ...ruleFormOf(null, "Important", ["c1"]), isQuiet: true });
  expect(fresh).toMatchObject({ min_risk: "high", channel_ids: ["c1"], quiet_from: "22:00", quiet_until: "07:30" });
  expect(weekdayName(4, "en")).toBe("Friday");
});

test("a rule says of what, where and when", async () => {
  rest.answers["GET /channels"] = { items: [CHANNEL], mail_configured: true };
  rest.answers["GET /rules"] = { items: [RULE] };
  const panel = mount(RulesPanel, { global: rest.mounting() });
  await flushPromises();
  expect(panel.get("h3 .tag").text()).toBe(english("notify.on"));
  expect(panel.text()).toContain(english("rules.findings_from", { risk: "high" }));
  rest.answers["GET /rules"] = { items: [{ ...RULE, min_risk: "critical" }] };
  const strict = mount(RulesPanel, { global: rest.mounting() });
  await flushPromises();
  expect(strict.text()).toContain(english("rules.findings_of", { risk: "critical" })); // nothing is above it
  expect(panel.text()).toContain(`Group · ${english("rules.weekly_at", { day: "Friday", time: "09:00", zone: "Asia/Shanghai" })}`);
});

test("what was given up is said with its reason and sent again", async () => {
  const delivery: DeliveryResponse = {
    id: "d1", channel_id: "c1", status: "dead", attempts: 12, is_test: false, items: [CONTENT], total: 1, created_at: "2026-11-27T02:00:00Z", next_at: null, sent_at: null,
    error: { code: "http_status", message: "The receiver responded with status 410.", detail: "gone" },
  };
  rest.answers["GET /channels"] = { items: [CHANNEL], mail_configured: true };
  rest.answers["GET /deliveries"] = { items: [delivery, { ...delivery, id: "d2", is_test: true, items: [], total: 0, error: null }], next_cursor: null };
  rest.answers["POST /deliveries/d1/resend"] = { ...delivery, status: "waiting" };
  const panel = mount(DeliveriesPanel, { global: rest.mounting() });
  await flushPromises();
  const [given, tested] = panel.findAll(".list > li");
  expect(given!.get(".problem").text()).toBe("The receiver responded with status 410.");
  expect(given!.get("details code").text()).toBe("gone");
  expect(tested!.get(".title").text()).toBe(english("deliveries.test"));
  await panel.get(".list button").trigger("click");
  await flushPromises();
  expect(asked("/deliveries/d1/resend")).toHaveLength(1);
});
