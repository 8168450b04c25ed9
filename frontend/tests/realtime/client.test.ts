/** The client over a socket that the test plays, with a clock that the test moves. */

import { describe, expect, test } from "vitest";

import { RealtimeClient, type ClientOptions, type FollowedFrame, type ServerFrame, type SocketLike } from "@/realtime";

import { OTHER_TASK, TASK, at, completed, established, progress, snapshot } from "../support/frames";
import { ManualClock } from "../support/manualClock";

class PlayedSocket implements SocketLike {
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  sent: { type: string; [name: string]: unknown }[] = [];
  closedWith: number | undefined = undefined;

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(code?: number): void {
    this.closedWith = code;
  }

  say(frame: ServerFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** Answers the newest command as done, and sends what a snapshot would. */
  place(frame: ServerFrame = snapshot(1)): void {
    const { id, task_id } = this.sent.at(-1)!;
    this.say({
      type: "subscription_result", timestamp: at(0), task_id: task_id as string, action: "subscribe", success: true,
      epoch: "0", id: id as string,
    });
    this.say(frame);
  }
}

async function scene(more: Partial<ClientOptions> = {}) {
  const clock = new ManualClock();
  const sockets: PlayedSocket[] = [];
  const told = { notices: [] as string[], broadcasts: [] as string[], phases: [] as string[] };
  const client = new RealtimeClient({
    openSocket: () => sockets[sockets.push(new PlayedSocket()) - 1]!,
    getTicket: async () => "ticket",
    getToken: async () => "fresh",
    clock,
    random: () => 0.5,
    listener: {
      onStatus: ({ phase }) => { if (told.phases.at(-1) !== phase) told.phases.push(phase); },
      onNotice: (frame) => told.notices.push(`${frame.type} ${frame.task_id === TASK ? "ours" : "other"}`),
      onBroadcast: ({ message }) => told.broadcasts.push(message),
    },
    ...more,
  });
  client.start();
  await clock.pass(0);
  return { client, clock, told, sockets, socket: () => sockets.at(-1)! };
}

function followNotifications(client: RealtimeClient) {
  const told: string[] = [];
  const end = client.followNotifications({
    onNotification: ({ seq }) => told.push(`notification ${seq}`),
    onState: ({ unread }) => told.push(`unread ${unread}`),
    onReset: (seq) => told.push(`reset ${seq}`),
    onFollowed: (isFollowed) => told.push(isFollowed ? "followed" : "not followed"),
  });
  return { told, end };
}

function notification(seq: number): ServerFrame {
  const item = { seq, id: `n${seq}`, content: { kind: "scan_completed" }, created_at: at(0), read_at: null } as const;
  return { type: "notification", timestamp: at(0), seq, prev_seq: seq - 1, notification: item };
}

function unread(count: number, seq = 0): ServerFrame {
  return { type: "notification_state", timestamp: at(0), seq, unread: count, read_revision: 0 };
}

/** Answers the newest command as a server does that has `seq` notifications. */
function placeFeed(socket: PlayedSocket, more: object): void {
  const common = { type: "topic_result", timestamp: at(0), topic: "notifications", action: "subscribe", success: true, epoch: "0" };
  socket.say({ ...common, id: socket.sent.at(-1)!.id, ...more } as unknown as ServerFrame);
}

function follow(client: RealtimeClient) {
  const frames: FollowedFrame[] = [];
  const lost: string[] = [];
  const end = client.follow(TASK, { onFrame: (frame) => frames.push(frame), onLost: (code) => lost.push(code) });
  return { frames, lost, end };
}

describe("the connection", () => {
  test("is online from the welcome on, and knows the server's clock", async () => {
    const { client, told, socket, clock } = await scene();
    expect(told.phases).toEqual(["connecting"]);
    socket().say(established());
    expect(told.phases).toEqual(["connecting", "online"]);
    expect(client.serverOffsetMs).toBe(Date.parse(at(0)) - clock.now());
  });

  test("is given up within 20 s when nothing comes any more", async () => {
    const { told, socket, clock } = await scene();
    socket().say(established());
    await clock.pass(11_000);
    expect(socket().sent).toEqual([{ type: "ping" }]); // one, until something comes
    await clock.pass(9_000);
    expect(told.phases.slice(0, 3)).toEqual(["connecting", "online", "waiting"]);
  });

  test("lives while pings are answered", async () => {
    const { told, socket, clock } = await scene();
    socket().say(established());
    for (let round = 0; round < 6; round += 1) {
      await clock.pass(12_000);
      socket().say({ type: "pong", timestamp: at(0), ping_count: round + 1, server_time: at(0) });
    }
    expect(told.phases).toEqual(["connecting", "online"]);
  });

  test("that does not come about is tried again after 15 s", async () => {
    const { told, sockets, clock } = await scene();
    await clock.pass(17_000);
    expect(told.phases).toEqual(["connecting", "waiting", "connecting"]);
    expect(sockets).toHaveLength(2);
    expect(sockets[0]?.closedWith).toBe(1000);
  });

  test("answers pings of the server", async () => {
    const { socket } = await scene();
    socket().say({ type: "ping", timestamp: at(0), sequence: 1, server_time: at(0) });
    expect(socket().sent).toEqual([{ type: "pong" }]);
  });

  test("is left when somebody else than the server speaks there", async () => {
    const { told, socket } = await scene();
    socket().onmessage?.({ data: "<html>" });
    expect(told.phases).toEqual(["connecting", "waiting"]);
  });

  test("comes back when the server says, and at once when the user does", async () => {
    const { client, told, socket, sockets, clock } = await scene();
    socket().say(established());
    socket().say({
      type: "reconnect_advice", timestamp: at(0), reason: "restart", delay_min_ms: 2_000, delay_max_ms: 4_000,
    });
    socket().onclose?.({ code: 1012, reason: "" });
    expect(client.status).toMatchObject({ phase: "waiting", retryAt: clock.now() + 3_000 });
    client.retryNow();
    await clock.pass(0);
    expect([told.phases.at(-1), sockets.length]).toEqual(["connecting", 2]);
  });

  test("stops for good when the server says so, and when the session is over", async () => {
    const closed = await scene();
    closed.socket().say(established());
    closed.socket().onclose?.({ code: 4503, reason: "" });
    expect(closed.client.status).toMatchObject({ phase: "stopped", reason: "connection_limit" });
    await closed.clock.pass(60_000);
    expect(closed.sockets).toHaveLength(1);
    const refused = await scene({ getTicket: () => Promise.reject({ status: 401 }) });
    expect(refused.client.status).toMatchObject({ phase: "stopped", reason: "logged_out" });
  });

  test("is waited for longer each time, until one has held for half a minute", async () => {
    const { client, socket, clock } = await scene();
    const waits: number[] = [];
    for (const held of [1_500, 1_500, 1_500, 31_000]) {
      socket().say(established());
      for (let second = 0; second < held; second += 500) {
        await clock.pass(500);
        socket().say({ type: "pong", timestamp: at(0), ping_count: 1, server_time: at(0) });
      }
      socket().onclose?.({ code: 1006, reason: "" });
      waits.push(client.status.retryAt! - clock.now());
      await clock.pass(waits.at(-1)!);
    }
    expect(waits).toEqual([250, 500, 1_000, 250]);
  });

  test("waits as long as a refused ticket asks", async () => {
    const { client, clock } = await scene({ getTicket: () => Promise.reject({ status: 429, retryAfterMs: 5_000 }) });
    expect(client.status.retryAt).toBe(clock.now() + 5_250);
  });

  test("is renewed with a fresh token before the old one expires", async () => {
    const { client, socket, clock, told } = await scene();
    socket().say(established());
    socket().say({ type: "token_expiring", timestamp: at(0), expires_at: at(20) });
    await clock.pass(5_000); // a quarter of the time, by this chance
    expect(socket().sent).toEqual([{ type: "auth", token: "fresh" }]);
    socket().say({ type: "auth_result", timestamp: at(5), success: true, expires_at: at(7_200) });
    expect([told.phases.at(-1), client.tokenExpiresAt]).toEqual(["online", at(7_200)]);
  });

  test("says a fresh token that comes late to no connection but the one that asked for it", async () => {
    let hand = (_token: string): void => {};
    const getToken = () => new Promise<string>((resolve) => { hand = resolve; });
    const { socket, sockets, clock } = await scene({ getToken });
    socket().say(established());
    socket().say({ type: "token_expiring", timestamp: at(0), expires_at: at(20) });
    await clock.pass(5_000);
    socket().onclose?.({ code: 1006, reason: "" });
    await clock.pass(250);
    socket().say(established());
    hand("fresh");
    await clock.pass(0);
    expect(sockets.map(({ sent }) => sent)).toEqual([[], []]);
  });

  test("begins anew when its fresh token is refused", async () => {
    const { socket, told } = await scene();
    socket().say(established());
    socket().say({ type: "auth_result", timestamp: at(5), success: false, error: { code: "invalid_token", message: "" } });
    expect(told.phases.at(-1)).toBe("waiting");
  });

  test("asks at once what it is worth when the machine wakes", async () => {
    const { client, socket } = await scene();
    socket().say(established());
    client.wake();
    expect(socket().sent).toEqual([{ type: "ping" }]);
  });

  test("hands on broadcasts", async () => {
    const { socket, told } = await scene();
    socket().say(established());
    socket().say({ type: "admin_broadcast", timestamp: at(0), broadcast_id: "b", message: "at noon", level: "info", sender: "a" });
    expect(told.broadcasts).toEqual(["at noon"]);
  });
});

describe("tasks on a connection", () => {
  test("are followed from a snapshot on, over a cut without a loss", async () => {
    const { client, clock, socket } = await scene();
    const { frames } = follow(client);
    socket().say(established());
    socket().place(snapshot(4));
    socket().say(progress(5, 50));
    socket().onclose?.({ code: 1006, reason: "" });
    await clock.pass(250);
    socket().say(established());
    expect(socket().sent.at(-1)).toMatchObject({ type: "subscribe_task", last_seq: 5, epoch: "0" });
    expect(frames.map((frame) => frame.type)).toEqual(["task_snapshot", "task_progress"]);
  });

  test("are told anew on a connection in another language", async () => {
    const { client, clock, sockets, socket } = await scene();
    follow(client);
    socket().say(established());
    socket().place(snapshot(4));
    client.restart();
    await clock.pass(0);
    expect(sockets).toHaveLength(2);
    socket().say(established());
    expect(socket().sent.at(-1)).toMatchObject({ type: "subscribe_task", task_id: TASK });
    expect(socket().sent.at(-1)).not.toHaveProperty("last_seq");
  });

  test("of others come as notices, each once, and again under another epoch", async () => {
    const { socket, told } = await scene();
    socket().say(established());
    const notice = { ...completed(9, null), task_id: OTHER_TASK };
    socket().say(notice);
    socket().say(notice);
    expect(told.notices).toEqual(["task_completed other"]);
    socket().say(established("restored"));
    socket().say(notice);
    expect(told.notices).toHaveLength(2);
  });

  test("that the page has followed do not come again as notices", async () => {
    const { client, socket, told } = await scene();
    const { end } = follow(client);
    socket().say(established());
    socket().place(snapshot(4));
    socket().say(completed(5));
    end();
    socket().say(completed(5, null));
    expect(told.notices).toEqual([]);
  });

  test("are unsubscribed when nobody listens, and heard no more", async () => {
    const { client, socket } = await scene();
    const { frames, end } = follow(client);
    socket().say(established());
    socket().place();
    end();
    expect(socket().sent.at(-1)).toMatchObject({ type: "unsubscribe_task" });
    socket().say(progress(2, 10));
    expect(frames).toHaveLength(1);
  });

  test("move on over events that are newer than the client", async () => {
    const { client, socket } = await scene();
    const { frames } = follow(client);
    socket().say(established());
    socket().place(snapshot(4));
    socket().say({ ...progress(5, 10), type: "task_of_the_future" } as never);
    socket().say(progress(6, 20));
    expect(frames.map((frame) => frame.type)).toEqual(["task_snapshot", "task_of_the_future", "task_progress"]);
  });

  test("end with their deletion, also that of a row that is gone", async () => {
    const { client, socket } = await scene();
    const { frames } = follow(client);
    socket().say(established());
    socket().place();
    socket().say({ type: "task_deleted", timestamp: at(9), task_id: TASK, by: "user" });
    expect(frames.at(-1)?.type).toBe("task_deleted");
    expect(socket().sent.at(-1)).toMatchObject({ type: "unsubscribe_task" });
  });

  test("are lost with the code of a final refusal", async () => {
    const { client, socket } = await scene();
    const { lost } = follow(client);
    socket().say(established());
    const { id } = socket().sent.at(-1)!;
    socket().say({ type: "error", timestamp: at(0), code: "not_found", message: "", id: id as string });
    expect(lost).toEqual(["not_found"]);
  });
});

describe("notifications on a connection", () => {
  test("come in order, over a cut without a loss, and are not followed in between", async () => {
    const { client, clock, socket } = await scene();
    const { told } = followNotifications(client);
    expect(socket().sent).toEqual([]);
    socket().say(established());
    expect(socket().sent).toEqual([{ type: "subscribe", topic: "notifications", id: "c1" }]);
    placeFeed(socket(), { seq: 3 });
    socket().say(notification(4));
    socket().say(unread(2, 4));
    expect(told.splice(0)).toEqual(["followed", "reset 3", "notification 4", "unread 2"]);
    socket().onclose?.({ code: 1006, reason: "" });
    expect(told.splice(0)).toEqual(["not followed"]);
    await clock.pass(1_000);
    socket().say(established());
    expect(socket().sent).toMatchObject([{ type: "subscribe", last_seq: 4, epoch: "0" }]);
    placeFeed(socket(), { seq: 4, recovered: true });
    socket().say(notification(5));
    expect(told).toEqual(["followed", "notification 5"]);
  });

  test("may be why a task is followed: what is followed because they ended is asked for on the next connection at once", async () => {
    const { client, clock, socket } = await scene();
    const onFollowed = (isFollowed: boolean) => { if (!isFollowed) follow(client); };
    client.followNotifications({ onNotification() {}, onState() {}, onReset() {}, onFollowed });
    socket().say(established());
    placeFeed(socket(), { seq: 3 });
    socket().onclose?.({ code: 1006, reason: "" });
    await clock.pass(1_000);
    socket().say(established());
    expect(socket().sent).toMatchObject([{ type: "subscribe_task", task_id: TASK }, { type: "subscribe" }]);
  });

  test("begin anew in another language, and for another user", async () => {
    const { client, clock, socket } = await scene();
    const { told } = followNotifications(client);
    socket().say(established());
    placeFeed(socket(), { seq: 3 });
    client.restart();
    await clock.pass(0);
    socket().say(established());
    expect(socket().sent.at(-1)).not.toHaveProperty("last_seq");
    placeFeed(socket(), { seq: 3 });
    client.stop();
    client.start();
    await clock.pass(0);
    socket().say({ ...established(), user_id: "another" } as ServerFrame);
    expect(socket().sent.at(-1)).not.toHaveProperty("last_seq");
    expect(told).toEqual(["followed", "reset 3", "not followed", "followed", "reset 3", "not followed"]);
  });

  test("that an older server does not know are asked for again at the next connection alone", async () => {
    const { client, clock, socket } = await scene();
    const { told } = followNotifications(client);
    socket().say(established());
    socket().say({ type: "error", timestamp: at(0), code: "unknown_type", message: "", id: "c1", fatal: false });
    await clock.pass(5_000);
    expect(socket().sent.filter(({ type }) => type === "subscribe")).toHaveLength(1);
    expect(told).toEqual([]);
    socket().onclose?.({ code: 1012, reason: "" });
    await clock.pass(1_000);
    socket().say(established());
    expect(socket().sent.filter(({ type }) => type === "subscribe")).toHaveLength(1);
  });

  test("are asked for again when one is missing, and unsubscribed when nobody listens", async () => {
    const { client, socket } = await scene();
    socket().say(established());
    const { told, end } = followNotifications(client);
    placeFeed(socket(), { seq: 3 });
    socket().say(notification(7));
    expect(socket().sent.at(-1)).toMatchObject({ type: "subscribe", last_seq: 3 });
    placeFeed(socket(), { seq: 3, recovered: true });
    socket().say(notification(4));
    end();
    expect(socket().sent.at(-1)).toMatchObject({ type: "unsubscribe", topic: "notifications" });
    placeFeed(socket(), { action: "unsubscribe" });
    socket().say(notification(5));
    expect(told).toEqual(["followed", "reset 3", "notification 4"]);
  });
});
