// @vitest-environment happy-dom
/** API keys on the profile, and read-only links to a scan. */

import { DOMWrapper, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import ApiExample from "@/components/ApiExample.vue";
import KeyList from "@/components/KeyList.vue";
import ShareLinks from "@/components/ShareLinks.vue";
import type { CreatedKey, CreatedLink } from "@/generated/rest";
import { setLanguage } from "@/texts";

import { english } from "../support/english";
import { FakeRest } from "../support/fakeRest";

const KEY: CreatedKey = {
  key_id: "k1", name: "Nightly", prefix: "dcsk_AbCd", scopes: ["read", "scan"], group: null, created_at: "2026-11-27T07:40:04.623Z",
  expires_at: "2027-02-25T07:40:04.623Z", is_expired: false, last_used_at: null, last_network: null, key: "dcsk_AbCdwhole",
};
const LINK: CreatedLink = {
  link_id: "l1", prefix: "dcsl_AbCd", created_by: "mei", created_at: "2026-11-27T07:40:04.623Z", expires_at: "2026-12-04T07:40:04.623Z",
  last_used_at: "2026-11-28T01:00:00.000Z", requests: 3, token: "dcsl_AbCdwhole", path: "#/shared/t1/dcsl_AbCdwhole",
};
const body = new DOMWrapper(document.body);

beforeEach(() => setLanguage("en"));
afterEach(() => (document.body.innerHTML = ""));

describe("API keys", () => {
  test("are made with a name, scopes and a life, and shown once", async () => {
    const rest = new FakeRest();
    rest.answers["GET /auth/keys"] = { items: [] };
    rest.answers["POST /auth/keys"] = KEY;
    const list = mount(KeyList, { global: rest.mounting(), attachTo: document.body });
    await flushPromises();
    expect(list.text()).toContain(english("keys.none"));
    await list.find(".create").trigger("click");
    await flushPromises();
    expect(body.findAll(".scope")).toHaveLength(3); // administration is for administrators
    await body.find("#key-name").setValue(" Nightly ");
    await body.find(".scope input[value=scan]").setValue(true);
    rest.answers["GET /auth/keys"] = { items: [KEY] };
    await body.find("#key-form").trigger("submit");
    await flushPromises();
    expect(rest.asked.find(({ method }) => method === "POST")?.body).toEqual({ name: "Nightly", scopes: ["read", "scan"], expires_in_s: 7_776_000 });
    expect(body.find(".secret code").text()).toBe("dcsk_AbCdwhole");
    const example = body.find(".made .example");
    expect(example.find("code").text()).toBe(`curl -H "Authorization: Bearer $COMPLIANCE_TOKEN" "${new URL("./", document.baseURI).href}api/v1/sites"`);
    expect(example.find("button.copy").exists()).toBe(true);
    expect(example.find("a").attributes("href")).toBe(new URL("docs", document.baseURI).href);
    expect(list.find(".key").text()).toContain("dcsk_AbCd…");
    expect(list.find(".key").text()).not.toContain("whole");
    list.unmount();
  });

  test("come with an example and the documentation, and one that reads nothing with the documentation alone", async () => {
    const rest = new FakeRest();
    rest.answers["GET /auth/keys"] = { items: [] };
    const global = rest.mounting();
    expect(mount(KeyList, { global }).find(".example code").exists()).toBe(true);
    const example = mount(ApiExample, { props: { scopes: ["scan"] }, global });
    expect([example.find("code").exists(), example.find("a").text()]).toEqual([false, english("keys.docs")]);
  });

  test("are for one group of sites, if the reader chooses one", async () => {
    const rest = new FakeRest();
    rest.answers["GET /auth/keys"] = { items: [{ ...KEY, group: "North" }] };
    rest.answers["GET /sites/labels"] = { groups: [{ name: "North", sites: 2 }], tags: [] };
    rest.answers["POST /auth/keys"] = { ...KEY, group: "North" };
    const list = mount(KeyList, { global: rest.mounting(), attachTo: document.body });
    await flushPromises();
    expect(list.find(".key").text()).toContain(`${english("keys.group")}: North`);
    await list.find(".create").trigger("click");
    await flushPromises();
    expect(body.findAll("#key-group option").map((option) => option.text())).toEqual([english("keys.all_sites"), "North"]);
    await body.find("#key-name").setValue("Nightly");
    await body.find(".scope input[value=review]").setValue(true);
    await body.find("#key-group").setValue("North");
    expect(body.findAll(".scope input").map((input) => input.attributes("value"))).toEqual(["read", "scan"]); // more would open nothing
    expect(body.find("#key-group-more").text()).toBe(english("keys.group_more"));
    await body.find("#key-form").trigger("submit");
    await flushPromises();
    expect(rest.asked.find(({ method }) => method === "POST")?.body).toEqual({ name: "Nightly", scopes: ["read"], expires_in_s: 7_776_000, group: "North" });
    list.unmount();
  });

  test("are revoked when the reader is sure", async () => {
    const rest = new FakeRest();
    rest.answers["GET /auth/keys"] = { items: [KEY] };
    rest.answers["DELETE /auth/keys/k1"] = {};
    const list = mount(KeyList, { global: rest.mounting(), attachTo: document.body });
    await flushPromises();
    await list.find(".key button").trigger("click");
    await flushPromises();
    expect(rest.count("DELETE", "/auth/keys/k1")).toBe(0);
    await body.find(".el-dialog .el-button--danger").trigger("click");
    await flushPromises();
    expect([rest.count("DELETE", "/auth/keys/k1"), rest.count("GET", "/auth/keys")]).toEqual([1, 2]);
    list.unmount();
  });
});

describe("links to a scan", () => {
  test("are shown once as an address, listed without their secret, and revoked", async () => {
    const rest = new FakeRest();
    rest.answers["GET /tasks/t1/links"] = { items: [] };
    rest.answers["POST /tasks/t1/links"] = LINK;
    rest.answers["DELETE /tasks/t1/links/l1"] = {};
    const links = mount(ShareLinks, { props: { taskId: "t1" }, global: rest.mounting() });
    await flushPromises();
    expect(links.text()).toContain(english("share.none"));
    rest.answers["GET /tasks/t1/links"] = { items: [LINK] };
    await links.find("form").trigger("submit");
    await flushPromises();
    expect(rest.asked.find(({ method }) => method === "POST")?.body).toEqual({ expires_in_s: 604_800 });
    expect(links.find(".secret code").text()).toMatch(/^http.*\/#\/shared\/t1\/dcsl_AbCdwhole$/);
    expect(links.find(".link").text()).toContain("dcsl_AbCd…");
    await links.find(".link button").trigger("click");
    await flushPromises();
    expect(rest.count("DELETE", "/tasks/t1/links/l1")).toBe(1);
    expect(links.find(".secret").exists()).toBe(false);
  });
});
