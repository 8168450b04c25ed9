// @vitest-environment happy-dom
/** The feed of the bell: over the live connection, and by asking while that has none. */

import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { NotificationPage, NotificationResponse } from "@/generated/rest";
import type { ServerFrame } from "@/realtime";
import { useAccount } from "@/stores/account";
import { useFeed } from "@/stores/feed";

import { FakeRest } from "../support/fakeRest";
import { OTHER_TASK, at, completed, established } from "../support/frames";

class PlayedSocket {
  static open: PlayedSocket[] = [];
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  sent: Record<string, unknown>[] = [];

  constructor() {
    PlayedSocket.open.push(this);
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data));
    if (this.sent.at(-1)?.type === "ping") this.say({ type: "pong", timestamp: at(0), ping_count: 1, server_time: at(0) });
  }

  close(): void {}

  say(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

const realSocket = globalThis.WebSocket;
let rest: FakeRest;

beforeEach(() => {
  vi.useFakeTimers();
  rest = new FakeRest();
  rest.mounting();
  rest.answers["POST /monitor/ws/ticket"] = { ticket: "t", expires_in: 30 };
  PlayedSocket.open = [];
  globalThis.WebSocket = PlayedSocket as unknown as typeof WebSocket;
});

afterEach(() => {
  useAccount().username = null;
  vi.useRealTimers();
  globalThis.WebSocket = realSocket;
});

function item(seq: number, read_at: string | null = null): NotificationResponse {
  return { seq, id: `n${seq}`, content: { kind: "scan_completed" }, created_at: at(0), read_at } as unknown as NotificationResponse;
}

function page(last_seq: number, more: Partial<NotificationPage> = {}): NotificationPage {
  const items = Array.from({ length: Math.min(8, last_seq) }, (_, index) => item(last_seq - index));
  return { items, last_seq, unread: last_seq, read_revision: 0, ...more };
}

function told(seq: number) {
  return { type: "notification", timestamp: at(0), seq, prev_seq: seq - 1, notification: item(seq) };
}

function state(seq: number, unread: number, read_revision = 0): ServerFrame {
  return { type: "notification_state", timestamp: at(0), seq, unread, read_revision };
}

const reads = () => rest.count("GET", "/notifications");

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  await flushPromises();
}

/** Somebody who is signed in, whose connection is open. */
async function online() {
  const feed = useFeed();
  useAccount().username = "admin";
  await settle();
  const socket = PlayedSocket.open.at(-1)!;
  socket.say(established());
  return { feed, socket };
}

/** And whose notifications come over it. */
async function followed(known: NotificationPage) {
  rest.answers["GET /notifications"] = known;
  const { feed, socket } = await online();
  place(socket, { seq: known.last_seq });
  await settle();
  return { feed, socket };
}

function place(socket: PlayedSocket, more: object): void {
  const { id } = socket.sent.findLast(({ type }) => type === "subscribe")!;
  socket.say({ type: "topic_result", timestamp: at(0), topic: "notifications", action: "subscribe", success: true, epoch: "0", id, ...more });
}

test("new ones come over the connection with the number of unread ones, and nothing is asked", async () => {
  const { feed, socket } = await followed(page(9));
  const before = reads();
  socket.say(told(10));
  socket.say(told(11));
  expect(feed.unread).toBe(9); // the state of all is not known yet
  socket.say(state(11, 11));
  expect(feed.page?.items.map(({ seq }) => seq)).toEqual([11, 10, 9, 8, 7, 6, 5, 4]);
  expect([feed.unread, feed.page?.last_seq]).toEqual([11, 11]);
  socket.say(state(11, 8)); // old ones are no longer kept
  expect(feed.unread).toBe(8);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(reads()).toBe(before);
});

test("what another tab has read is read here", async () => {
  const { feed, socket } = await followed(page(2));
  rest.answers["GET /notifications"] = page(2, { items: [item(2), item(1, at(1))], unread: 1, read_revision: 1 });
  socket.say(state(2, 1, 1));
  await settle();
  expect([feed.unread, feed.page?.items[1]?.read_at]).toEqual([1, at(1)]);
  const before = reads();
  socket.say(state(2, 1, 1));
  await settle();
  expect(reads()).toBe(before);
});

test("what was read here is asked for once, whichever comes first", async () => {
  const { feed, socket } = await followed(page(2));
  rest.answers["POST /notifications/read"] = () => {
    rest.answers["GET /notifications"] = page(2, { unread: 0, read_revision: 1 });
    return { last_seq: 2, unread: 0, read_revision: 1 };
  };
  const before = reads();
  await feed.markRead();
  socket.say(state(2, 0, 1));
  await settle();
  expect([reads() - before, feed.unread]).toEqual([1, 0]);
});

test("one that came while the list was read is not lost", async () => {
  let answer: (found: NotificationPage) => void = () => {};
  rest.answers["GET /notifications"] = () => new Promise<NotificationPage>((resolve) => (answer = resolve));
  const { feed, socket } = await online();
  place(socket, { seq: 1 });
  await settle();
  socket.say(told(2));
  socket.say(state(2, 2));
  rest.answers["GET /notifications"] = page(2);
  answer(page(1));
  await settle();
  expect([feed.page?.last_seq, feed.unread]).toEqual([2, 2]);
});

test("a state that is older than the list changes nothing, and a hole in the list is filled by asking", async () => {
  const { feed, socket } = await followed(page(5, { read_revision: 3, unread: 1 }));
  socket.say(state(5, 4, 2));
  expect(feed.unread).toBe(1);
  rest.answers["GET /notifications"] = page(9, { read_revision: 3 });
  socket.say(state(9, 9, 3)); // 6 to 9 came over no connection of ours
  await settle();
  expect(feed.page?.items[0]?.seq).toBe(9);
});

test("after a restored backup the list is read anew", async () => {
  const { feed, socket } = await followed(page(9));
  rest.answers["GET /notifications"] = page(3);
  socket.say({ type: "topic_result", timestamp: at(0), topic: "notifications", action: "subscribe", success: true, epoch: "e", seq: 3, recovered: false, reason: "epoch" });
  socket.say(state(3, 3));
  await settle();
  expect([feed.page?.last_seq, feed.unread]).toEqual([3, 3]);
});

test("while they do not come over the connection they are asked for", async () => {
  rest.answers["GET /notifications"] = page(1);
  const { feed, socket } = await online();
  socket.say({ type: "error", timestamp: at(0), code: "unknown_type", message: "", id: socket.sent.at(-1)!.id, fatal: false });
  rest.answers["GET /notifications"] = page(2);
  socket.say({ ...completed(9), prev_seq: undefined, task_id: OTHER_TASK });
  await vi.advanceTimersByTimeAsync(2_500);
  expect(feed.unread).toBe(2);
  rest.answers["GET /notifications"] = page(3);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(feed.unread).toBe(3);
});
