/** A small server with a log, and a client that is cut at random: the sum of all events must come out right. */

import { expect, test } from "vitest";

import { RealtimeClient, type FollowedFrame, type SocketLike } from "@/realtime";

import { TASK, established } from "../support/frames";
import { ManualClock } from "../support/manualClock";

interface Command {
  type: string;
  id: string;
  last_seq?: number;
}

class Play implements SocketLike {
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  readonly sent: Command[] = [];

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {}

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

test("under random cuts, losses of answers and pruning a subscriber ends with every event once or a snapshot", async () => {
  for (let seed = 1; seed <= 200; seed += 1) await playRandomly(seed);
}, 60_000);

/** `value` of an event, and `total` of a snapshot, stand for what they say. */
async function playRandomly(seed: number): Promise<void> {
  let state = seed * 2_654_435_761;
  const random = () => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32);
  const clock = new ManualClock();
  const sockets: Play[] = [];
  const client = new RealtimeClient({
    openSocket: () => sockets[sockets.push(new Play()) - 1]!,
    getTicket: async () => "ticket",
    getToken: async () => "token",
    clock,
    random: () => 0.3,
    listener: { onStatus() {}, onNotice() {}, onBroadcast() {} },
  });
  const log = [1];
  const total = (upTo: number) => log.slice(0, upTo).reduce((a, b) => a + b, 0);
  let minSeq = 1;
  let subscriber: number | null = null; // the server's: the last seq that was sent
  let handled = 0;
  let sum = 0;
  let applied: number[] = [];
  let socket: Play | null = null;

  function onFrame(frame: FollowedFrame): void {
    const { seq, total: all, value } = frame as unknown as { seq: number; total: number; value: number };
    if (frame.type === "task_snapshot") [sum, applied] = [all, [seq]];
    else {
      if (seq !== applied.at(-1)! + 1) throw new Error(`seed ${seed}: ${seq} after ${applied.at(-1)}`);
      sum += value;
      applied.push(seq);
    }
  }

  function serve(): void {
    const newest = sockets.at(-1);
    if (newest === undefined) return;
    if (socket !== newest) {
      [socket, subscriber, handled] = [newest, null, 0]; // the client came back by itself
      newest.say(established());
    }
    for (; handled < newest.sent.length; handled += 1) answer(newest, newest.sent[handled]!);
  }

  function answer(to: Play, { type, id, last_seq: last }: Command): void {
    if ((type !== "subscribe_task" && type !== "resume") || random() < 0.15) return; // lost on the way
    const result = { type: "subscription_result", task_id: TASK, action: type === "resume" ? "resume" : "subscribe", success: true, id, epoch: "0" };
    if (type === "resume" && subscriber === null) return to.say({ ...result, success: false, error: { code: "not_subscribed" } });
    const isServed = last !== undefined && last >= minSeq - 1 && last <= log.length;
    subscriber = isServed ? last : log.length;
    to.say({ ...result, seq: subscriber, ...(last === undefined ? {} : { recovered: isServed, replayed: 0 }) });
    if (!isServed) to.say({ type: "task_snapshot", task_id: TASK, seq: log.length, total: total(log.length) });
  }

  function deliver(): void {
    while (subscriber !== null && subscriber < log.length) {
      const seq: number = subscriber + 1;
      const before: number = subscriber;
      subscriber = seq;
      if (random() < 0.05) continue; // a hole that must not be: the rule finds it
      socket?.say({ type: "task_logs", task_id: TASK, seq, prev_seq: before, logs: [], value: log[seq - 1] });
      serve();
      if (random() < 0.1) return;
    }
  }

  client.follow(TASK, { onFrame, onLost: (code) => { throw new Error(code); } });
  client.start();
  await clock.pass(0);
  for (let step = 0; step < 60; step += 1) {
    log.push(Math.floor(random() * 100));
    if (random() < 0.2) minSeq = Math.max(minSeq, log.length - 5);
    if (random() < 0.2) {
      (socket as Play | null)?.onclose?.({ code: 1006, reason: "" });
      await clock.pass(31_000);
    }
    serve();
    deliver();
    if (random() < 0.3) await clock.pass(Math.floor(random() * 3_000));
  }
  for (let round = 0; round < 60 && (applied.at(-1) !== log.length || sum !== total(log.length)); round += 1) {
    (socket as Play | null)?.say({ type: "ping", sequence: round });
    await clock.pass(5_000);
    serve();
    if (random() < 0.5) log.push(1); // what comes after a hole shows it
    deliver();
  }
  expect([seed, applied.at(-1), sum]).toEqual([seed, log.length, total(log.length)]);
  client.stop();
}
