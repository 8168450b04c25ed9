/** Who follows what, without a connection: the rest is tested through the client, in `client.test.ts`. */

import { expect, test } from "vitest";

import { Followers } from "@/realtime/followers";
import type { ClientCommand } from "@/realtime/protocol";

import { OTHER_TASK, TASK, established } from "../support/frames";

const DEAF = { onFrame() {}, onLost() {} };

function scene() {
  const sent: ClientCommand[] = [];
  const followers = new Followers({ now: () => 0, send: (command) => sent.push(command), onNotice() {} });
  const open = () => followers.opened(established());
  return { followers, open, told: () => sent.splice(0).map((command) => ("task_id" in command ? command.task_id : command.type)) };
}

test("commands are sent while a connection is open, and asked for again on the next one", () => {
  const { followers, open, told } = scene();
  followers.follow(TASK, DEAF);
  expect(told()).toEqual([]);
  open();
  expect(told()).toEqual([TASK]);
  followers.closed();
  followers.follow(OTHER_TASK, DEAF);
  followers.flush();
  expect(told()).toEqual([]);
  open();
  expect(told()).toEqual([TASK, OTHER_TASK]);
});
