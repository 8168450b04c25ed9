/** The client on real sockets, before a server whose connections are cut and whose frames get lost. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";

import { RealtimeClient, TaskState, systemClock, type FollowedFrame, type SocketLike } from "@/realtime";

import { FakeServer } from "../support/fakeServer";
import { TASK, completed, logs, progress, violation } from "../support/frames";

const PATIENCE = { timeout: 8_000 }; // ends a wait for what never comes; a machine may be busy

let server: FakeServer;
let client: RealtimeClient;

beforeEach(async () => {
  server = await FakeServer.start();
  client = new RealtimeClient({
    openSocket: () => new WebSocket(server.url) as unknown as SocketLike,
    getTicket: async () => "ticket",
    getToken: async () => "token",
    clock: systemClock,
    random: () => 0, // comes back at once
    listener: { onStatus() {}, onNotice() {}, onBroadcast() {} },
  });
  client.start();
});

afterEach(async () => {
  client.stop();
  await server.stop();
});

/** Follows the task; every event must come in order and once. */
function follow() {
  const seen = { state: null as TaskState | null, applied: [] as number[], snapshots: 0 };
  const onFrame = (frame: FollowedFrame) => {
    if (frame.type === "task_snapshot") {
      seen.state = new TaskState(frame);
      seen.snapshots += 1;
    } else if (frame.type !== "task_deleted") {
      seen.state?.apply(frame);
      if ("seq" in frame) seen.applied.push(frame.seq);
    }
  };
  const end = client.follow(TASK, { onFrame, onLost() {} });
  return { seen, end };
}

/** The parts of a state that a snapshot has as well. */
function comparable(state: TaskState | null) {
  return state && JSON.parse(JSON.stringify({ ...state, message: null, createdAt: null, startedAt: null, violations: [...state.violations] }));
}

async function caughtUp(seen: { state: TaskState | null }): Promise<void> {
  await vi.waitFor(() => expect(seen.state?.seq).toBe(server.head), { ...PATIENCE, interval: 5 });
}

test("a cut in the middle loses nothing and doubles nothing", async () => {
  const { seen } = follow();
  await vi.waitFor(() => expect(seen.state).not.toBeNull(), PATIENCE);
  server.write((seq) => progress(seq, 10));
  await caughtUp(seen);
  server.cut();
  for (let count = 0; count < 500; count += 1) server.write((seq) => logs(seq, count + 1, 1));
  server.write((seq) => completed(seq));
  await caughtUp(seen);
  expect(seen.snapshots).toBe(1);
  expect(seen.applied).toEqual(Array.from({ length: 502 }, (_, index) => index + 1));
  expect(comparable(seen.state)).toEqual(comparable(server.state()));
});

test("a frame that got lost is asked for again", async () => {
  const { seen } = follow();
  await vi.waitFor(() => expect(seen.state).not.toBeNull(), PATIENCE);
  server.dropping = 2;
  for (let count = 0; count < 4; count += 1) server.write((seq) => violation(seq, `v${seq}`));
  await caughtUp(seen);
  expect(server.replays).toBe(1);
  expect([...seen.state!.violations.keys()]).toEqual(["v1", "v2", "v3", "v4"]);
});

test("a restored log is read from its snapshot, though its numbers were there before", async () => {
  const { seen } = follow();
  await vi.waitFor(() => expect(seen.state).not.toBeNull(), PATIENCE);
  for (let count = 0; count < 5; count += 1) server.write((seq) => violation(seq, `old${seq}`));
  await caughtUp(seen);
  server.restore("e2", 2);
  for (let count = 0; count < 4; count += 1) server.write((seq) => violation(seq, `new${seq}`));
  const whole = ["old1", "old2", "new3", "new4", "new5", "new6"];
  await vi.waitFor(() => expect([...seen.state!.violations.keys()]).toEqual(whole), PATIENCE);
  expect(comparable(seen.state)).toEqual(comparable(server.state()));
});

test("unfollowing and following again begins with a snapshot", async () => {
  const first = follow();
  await vi.waitFor(() => expect(first.seen.state).not.toBeNull(), PATIENCE);
  first.end();
  server.write((seq) => progress(seq, 30));
  const second = follow();
  await caughtUp(second.seen);
  expect(second.seen.state?.progress).toBe(30);
  expect(first.seen.applied).toEqual([]);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])("whatever is cut, lost and restored, the state is the server's in the end (%i)", async (seed) => {
  const random = generator(seed);
  const { seen } = follow();
  for (let step = 0; step < 120; step += 1) {
    const dice = random();
    if (dice < 0.08) server.cut();
    else if (dice < 0.1) server.restore(`e${step}`, Math.floor(server.head * random()));
    else if (dice < 0.25) server.dropping = Math.floor(random() * 3);
    else if (dice < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 6));
    else server.write((seq) => anyEvent(seq, random()));
  }
  server.dropping = 0;
  server.write((seq) => progress(seq, 99));
  await vi.waitFor(() => expect(comparable(seen.state)).toEqual(comparable(server.state())), { ...PATIENCE, interval: 10 });
});

function anyEvent(seq: number, dice: number) {
  if (dice < 0.4) return progress(seq, Math.floor(dice * 100));
  if (dice < 0.7) return logs(seq, seq * 10, 3);
  return violation(seq, `v${seq}-${Math.floor(dice * 1e6)}`);
}

/** Numbers from 0 to 1 that are the same for the same seed (xorshift). */
function generator(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}
