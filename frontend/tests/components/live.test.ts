// @vitest-environment happy-dom
/** What is announced of the connection: a cut and its end, and nothing when the page opens. */

import { mount } from "@vue/test-utils";
import { expect, test } from "vitest";
import { nextTick } from "vue";

import LiveIndicator from "@/components/LiveIndicator.vue";
import { useConnection } from "@/stores/connection";
import { setLanguage } from "@/texts";

import { english } from "../support/english";
import { FakeRest } from "../support/fakeRest";

test("the first connection is not announced as one that is back", async () => {
  setLanguage("en");
  const indicator = mount(LiveIndicator, { global: new FakeRest().mounting() });
  const connection = useConnection();
  const announced = async (phase: "connecting" | "online") => {
    connection.status = { ...connection.status, phase };
    await nextTick();
    return indicator.find("[role=status]").text();
  };
  expect(await announced("online")).toBe("");
  expect(await announced("connecting")).toBe(english("live.announce_lost"));
  expect(await announced("online")).toBe(english("live.announce_back"));
});
