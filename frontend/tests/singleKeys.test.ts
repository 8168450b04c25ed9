/** Whether single keys do something, as this browser remembers it. */

// @vitest-environment happy-dom
import { afterEach, expect, test } from "vitest";

import { areSingleKeysOn, followSingleKeys, keyShortcut, restoreSingleKeys, switchSingleKeys } from "@/singleKeys";

afterEach(() => {
  localStorage.clear();
  restoreSingleKeys();
});

test("they are on until somebody switches them off, and the browser remembers that", () => {
  restoreSingleKeys();
  expect([areSingleKeysOn.value, keyShortcut("c")]).toEqual([true, "c"]);
  switchSingleKeys(false);
  expect([areSingleKeysOn.value, keyShortcut("c")]).toEqual([false, undefined]);
  restoreSingleKeys();
  expect(areSingleKeysOn.value).toBe(false);
  switchSingleKeys(true);
  restoreSingleKeys();
  expect(areSingleKeysOn.value).toBe(true);
});

test("another tab of the browser follows", () => {
  followSingleKeys();
  localStorage.setItem("compliance.single_keys", "off");
  dispatchEvent(Object.assign(new Event("storage"), { key: "compliance.language" }));
  expect(areSingleKeysOn.value).toBe(true);
  dispatchEvent(Object.assign(new Event("storage"), { key: "compliance.single_keys" }));
  expect(areSingleKeysOn.value).toBe(false);
});
