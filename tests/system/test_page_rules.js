/**
 * Tests of the page's modules that know no DOM. They run in the browser (test_page_rules.py imports this file there):
 * `tests` maps the sentence to a function that throws.
 */

import { Api } from "/static/api.js";
import { ANSWER_TIMEOUT_MS, TaskSubscription } from "/static/subscription.js";
import { Realtime, reconnectDelay, renewalDelay, stopReason } from "/static/realtime.js";
import { Session } from "/static/session.js";
import { MAX_LINES, TaskState } from "/static/taskstate.js";
import { formatRough } from "/static/format.js";
import { addressOf, parseRoute } from "/static/route.js";
import { LOCALES } from "/static/locales/index.js";
import { chooseLanguage, createTexts, LANGUAGES, nextLanguage } from "/static/texts.js";
import { Access } from "/static/reference/access.js";
import { Conversation, MAX_CHARACTERS, MAX_ENTRIES } from "/static/reference/conversation.js";
import { asCurl, Body, buildRequest, fileNameOf, KEPT_BYTES, kindOf, SHOWN_CHARACTERS, TAIL_CHARACTERS } from "/static/reference/exchange.js";
import { prose } from "/static/reference/prose.js";
import { bounds, exampleOf, options, resolve, typeParts, withoutNull } from "/static/reference/schema.js";

export const tests = new Map();
const test = (sentence, run) => tests.set(sentence, run);

function equal(found, expected) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`found ${a}, expected ${b}`);
}

// TaskSubscription: the rule for one task

const TASK = "t";
const BOTH = { topics: ["progress", "logs"], logTail: 200 };
const ids = () => {
  let count = 0;
  return () => `c${(count += 1)}`;
};
const event = (seq, prev = seq - 1, more = {}) => ({ type: "task_logs", task_id: TASK, seq, prev_seq: prev, logs: [], ...more });
const result = (id, more = {}) => ({ type: "subscription_result", task_id: TASK, action: "subscribe", success: true, id, ...more });
const snapshot = (seq) => ({ type: "task_snapshot", task_id: TASK, seq });

/** A subscription that stands at `seq`. */
function placedAt(seq, newId = ids()) {
  const subscription = new TaskSubscription(TASK, BOTH);
  const { id } = subscription.nextCommand(0, newId);
  subscription.receive(result(id, { seq }));
  subscription.receive(snapshot(seq));
  return { subscription, newId };
}

test("a task subscription begins without a position", () => {
  const command = new TaskSubscription(TASK, BOTH).nextCommand(0, ids());
  equal(command, { type: "subscribe_task", topics: ["progress", "logs"], log_tail: 200, task_id: TASK, id: "c1" });
});

test("everything but notices is ignored until the answer of the command in flight", () => {
  const subscription = new TaskSubscription(TASK, BOTH);
  subscription.nextCommand(0, ids());
  equal(subscription.receive(snapshot(9)), "ignore");
  equal(subscription.receive({ type: "logs_dropped", task_id: TASK }), "ignore");
  equal(subscription.receive(event(10)), "ignore");
  equal(subscription.receive(result("other")), "ignore");
  equal(subscription.receive({ type: "task_warning", task_id: TASK, seq: 4 }), "notice");
  equal(subscription.receive(result("c1", { seq: 9 })), "settled");
  equal(subscription.receive(snapshot(9)), "apply");
  equal(subscription.receive(event(10)), "apply");
});

test("a position goes with the epoch in which it was reached", () => {
  const subscription = new TaskSubscription(TASK, BOTH);
  const newId = ids();
  subscription.nextCommand(0, newId);
  subscription.receive(result("c1", { epoch: "b" }));
  subscription.receive({ ...snapshot(5), epoch: "b" });
  subscription.disconnected();
  const { last_seq, epoch } = subscription.nextCommand(0, newId);
  equal([last_seq, epoch], [5, "b"]);
  subscription.receive(result("c2", { epoch: "c", recovered: false }));
  subscription.receive({ ...snapshot(3), epoch: "c" });
  subscription.receive(event(5, 4));
  equal(subscription.nextCommand(0, newId), { type: "resume", last_seq: 3, epoch: "c", task_id: TASK, id: "c3" });
});

test("duplicates are dropped, a coalesced frame is taken, a gap is resumed", () => {
  const { subscription, newId } = placedAt(5);
  equal(subscription.receive(event(5)), "ignore");
  equal(subscription.receive(event(9, 5)), "apply");
  equal(subscription.receive(event(12, 11)), "gap");
  equal(subscription.nextCommand(1, newId), { type: "resume", last_seq: 9, task_id: TASK, id: "c2" });
  equal(subscription.receive(event(10)), "ignore");
  equal(subscription.receive(result("c2", { action: "resume", recovered: true, seq: 9, replayed: 3 })), "settled");
  equal([10, 11, 12].map((seq) => subscription.receive(event(seq))), ["apply", "apply", "apply"]);
});

test("a snapshot moves the position, downwards too", () => {
  const { subscription } = placedAt(50);
  equal(subscription.receive(snapshot(7)), "apply");
  equal(subscription.receive(event(8)), "apply");
});

test("a command without an answer is sent again with another id, and the old answer is void", () => {
  const subscription = new TaskSubscription(TASK, BOTH);
  const newId = ids();
  subscription.nextCommand(0, newId);
  equal(subscription.nextCommand(ANSWER_TIMEOUT_MS - 1, newId), null);
  equal(subscription.nextCommand(ANSWER_TIMEOUT_MS, newId).id, "c2");
  equal(subscription.receive(result("c1", { seq: 3 })), "ignore");
  equal(subscription.receive(result("c2", { seq: 3 })), "settled");
});

test("an error with the command's id makes it wait and be sent again", () => {
  const subscription = new TaskSubscription(TASK, BOTH);
  const newId = ids();
  subscription.nextCommand(0, newId);
  equal(subscription.refuse({ type: "error", id: "c1", code: "internal", retry_after_ms: 5_000 }, 0), "settled");
  equal(subscription.nextCommand(4_999, newId), null);
  equal(subscription.nextCommand(5_000, newId).id, "c2");
});

test("a busy server is asked again, more and more slowly", () => {
  const subscription = new TaskSubscription(TASK, BOTH);
  const newId = ids();
  const waits = [];
  for (let now = 0; waits.length < 4; now += 100) {
    const command = subscription.nextCommand(now, newId);
    if (!command) continue;
    waits.push(now);
    subscription.receive(result(command.id, { success: false, error: { code: "server_busy" } }));
  }
  equal(waits, [0, 1_000, 3_000, 7_000]);
});

test("not found is final", () => {
  const subscription = new TaskSubscription(TASK, BOTH);
  subscription.nextCommand(0, ids());
  equal(subscription.receive(result("c1", { success: false, error: { code: "not_found" } })), "lost");
  equal(subscription.lostCode, "not_found");
  equal(subscription.nextCommand(60_000, ids()), null);
});

test("a resume of a subscription that is gone subscribes again at the same position", () => {
  const { subscription, newId } = placedAt(5);
  subscription.receive(event(9, 8));
  const { id } = subscription.nextCommand(0, newId);
  subscription.receive(result(id, { action: "resume", success: false, error: { code: "not_subscribed" } }));
  equal(subscription.nextCommand(1, newId).type, "subscribe_task");
});

test("after a cut the subscription is made anew with the position", () => {
  const { subscription, newId } = placedAt(5);
  subscription.disconnected();
  equal(subscription.nextCommand(0, newId).last_seq, 5);
  equal(subscription.receive(event(6)), "ignore");
});

test("an unasked end of the subscription is a loss", () => {
  const { subscription } = placedAt(5);
  equal(subscription.receive(result(undefined, { action: "unsubscribe" })), "lost");
});

test("unsubscribing waits for its answer, and subscribing for the end of unsubscribing", () => {
  const { subscription: old, newId } = placedAt(5);
  old.wanted = false;
  const { id, type } = old.nextCommand(0, newId);
  equal(type, "unsubscribe_task");
  const subscription = TaskSubscription.after(old, { topics: ["progress"], logTail: 0 });
  equal(subscription.nextCommand(1, newId), null);
  equal(subscription.receive(event(6)), "ignore");
  equal(subscription.receive(result(id, { action: "unsubscribe" })), "settled");
  const next = subscription.nextCommand(2, newId);
  equal([next.type, next.topics, next.last_seq], ["subscribe_task", ["progress"], undefined]);
});

test("a new subscriber of a task with a command in flight does not take that command's snapshot", () => {
  const old = new TaskSubscription(TASK, { topics: ["progress"], logTail: 0 });
  const newId = ids();
  const { id } = old.nextCommand(0, newId);
  const subscription = TaskSubscription.after(old, BOTH);
  equal(subscription.receive(result(id, { seq: 3 })), "settled");
  const next = subscription.nextCommand(1, newId);
  equal([next.type, next.last_seq], ["subscribe_task", undefined]);
  equal(subscription.receive(snapshot(3)), "ignore");
  subscription.receive(result(next.id, { seq: 4 }));
  equal(subscription.receive(snapshot(4)), "apply");
});

// Realtime: the connection

/** Lets promises go on that wait for nothing else. */
async function flush() {
  for (let turn = 0; turn < 8; turn += 1) await null;
}

class Stage {
  constructor({ chance = 1 } = {}) {
    this.time = 1_000_000;
    this.timers = [];
    this.sockets = [];
    this.notices = [];
    this.asked = 0; // for tickets
    this.ticket = async () => `ticket ${(this.asked += 1)}`;
    this.token = async () => "fresh";
    const clock = { now: () => this.time, after: (ms, action) => this.#after(ms, action) };
    this.realtime = new Realtime({
      openSocket: (ticket) => this.#open(ticket),
      getTicket: () => this.ticket(),
      getToken: () => this.token(),
      clock,
      random: () => chance,
      listener: { onStatus: () => {}, onNotice: (frame) => this.notices.push(frame), onBroadcast: () => {} },
    });
  }

  get socket() {
    return this.sockets.at(-1);
  }

  get phase() {
    return this.realtime.status.phase;
  }

  #after(ms, action) {
    const timer = { at: this.time + ms, action };
    this.timers.push(timer);
    return () => (this.timers = this.timers.filter((other) => other !== timer));
  }

  #open(ticket) {
    const socket = { ticket, sent: [], closed: false, send: (text) => socket.sent.push(JSON.parse(text)), close: () => (socket.closed = true) };
    this.sockets.push(socket);
    return socket;
  }

  async advance(ms) {
    const end = this.time + ms;
    for (;;) {
      const next = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.time = Math.max(this.time, next.at);
      this.timers.splice(this.timers.indexOf(next), 1);
      next.action();
      await flush();
    }
    this.time = end;
  }

  say(frame, socket = this.socket) {
    socket.onmessage({ data: JSON.stringify(frame) });
  }

  cut(code = 1006, reason = "", socket = this.socket) {
    socket.onclose({ code, reason });
  }

  async connect() {
    this.realtime.start();
    await flush();
    this.welcome();
  }

  welcome() {
    this.say({ type: "connection_established", server_time: new Date(this.time).toISOString() });
  }
}

test("the delays have full jitter, double up to 30 s, and never end", () => {
  equal([0, 1, 2, 5, 6, 7, 500].map((tries) => reconnectDelay(tries, 1)), [500, 1000, 2000, 16000, 30000, 30000, 30000]);
  equal(reconnectDelay(9, 0), 0);
});

test("every close code has its behaviour", () => {
  const back = [1000, 1001, 1006, 1009, 1011, 1012, 4001, 4008, 4010, 4029, 4400];
  equal(back.map((code) => stopReason(code, "")), Array(back.length).fill(null));
  equal([4500, 4501, 4503, 4999].map((code) => stopReason(code, "")), ["logged_out", "user_disabled", "connection_limit", "stopped"]);
  equal(["missing_token", "invalid_token", "expired_token", "token_mismatch"].map((r) => stopReason(1008, r)), Array(4).fill(null));
  equal(stopReason(1008, "user_disabled"), "user_disabled");
});

test("it reconnects for ever, with growing delays that start anew after a stable time", async () => {
  const stage = new Stage();
  await stage.connect();
  const delays = [];
  for (let round = 0; round < 9; round += 1) {
    stage.cut();
    delays.push(stage.realtime.status.retryAt - stage.time);
    await stage.advance(delays.at(-1));
  }
  equal(delays, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  stage.welcome();
  for (let second = 0; second < 40; second += 1) {
    await stage.advance(1_000);
    stage.say({ type: "ping", sequence: 1 });
  }
  stage.cut();
  equal(stage.realtime.status.retryAt - stage.time, 500);
});

test("the server's advice decides about the next delay only", async () => {
  const stage = new Stage({ chance: 0.5 });
  await stage.connect();
  stage.say({ type: "reconnect_advice", reason: "restart", delay_min_ms: 1_000, delay_max_ms: 5_000 });
  stage.cut(1012);
  equal(stage.realtime.status.retryAt - stage.time, 3_000);
  await stage.advance(3_000);
  stage.cut();
  equal(stage.realtime.status.retryAt - stage.time, 500);
});

test("after strikes it waits as long as the server said", async () => {
  const stage = new Stage({ chance: 0 });
  await stage.connect();
  stage.say({ type: "error", code: "bad_json", fatal: true, retry_after_ms: 60_000 });
  stage.cut(4029, "bad_json");
  equal(stage.realtime.status.retryAt - stage.time, 60_000);
});

test("every connection is opened with a ticket of its own", async () => {
  const stage = new Stage();
  await stage.connect();
  for (const [code, reason] of [[4001, "token_expired"], [1008, "invalid_token"]]) {
    stage.cut(code, reason);
    await stage.advance(1_000);
  }
  equal(stage.sockets.map(({ ticket }) => ticket), ["ticket 1", "ticket 2", "ticket 3"]);
});

test("a server without a ticket for now is waited for; an ended session stops", async () => {
  const stage = new Stage();
  stage.ticket = () => Promise.reject(Object.assign(new Error("network"), { status: 0 }));
  stage.realtime.start();
  await flush();
  equal([stage.phase, stage.realtime.status.retryAt - stage.time], ["waiting", 500]);
  stage.ticket = () => Promise.reject(Object.assign(new Error("too many"), { status: 429, retryAfterMs: 30_000 }));
  await stage.advance(500);
  equal([stage.phase, stage.realtime.status.retryAt - stage.time], ["waiting", 31_000]);
  stage.ticket = () => Promise.reject(Object.assign(new Error(), { status: 401 }));
  await stage.advance(31_000);
  equal([stage.phase, stage.realtime.status.reason, stage.sockets], ["stopped", "logged_out", []]);
});

test("a ticket that comes when it is no longer wanted opens nothing", async () => {
  const stage = new Stage();
  let give;
  stage.ticket = () => new Promise((resolve) => (give = resolve));
  stage.realtime.start();
  await flush();
  stage.realtime.stop();
  give("late");
  await flush();
  equal([stage.phase, stage.sockets], ["idle", []]);
});

const warning = { type: "token_expiring", expires_at: "2026-01-01T01:00:00.000Z", timestamp: "2026-01-01T00:59:00.000Z" };
const auths = (socket) => socket.sent.filter(({ type }) => type === "auth");

test("a token that ends soon is renewed on its connection, at a random time in the first half of what is left", async () => {
  equal([0, 0.5, 1].map((chance) => renewalDelay(warning, chance)), [0, 15_000, 30_000]);
  equal(renewalDelay({ ...warning, timestamp: "2026-01-01T02:00:00.000Z" }, 1), 0);
  const stage = new Stage({ chance: 0.5 });
  await stage.connect();
  stage.say(warning);
  await stage.advance(14_999);
  equal(auths(stage.socket), []);
  await stage.advance(1);
  equal(auths(stage.socket), [{ type: "auth", token: "fresh" }]);
  stage.say({ type: "auth_result", success: true });
  equal([stage.phase, stage.sockets.length], ["online", 1]);
});

test("without a fresh token the connection stays until its end, and then comes back", async () => {
  const stage = new Stage({ chance: 0 });
  await stage.connect();
  stage.token = () => Promise.reject(new Error("network"));
  stage.say(warning);
  await stage.advance(0);
  equal([stage.phase, stage.socket.sent], ["online", []]);
  stage.cut(4001, "token_expired");
  await stage.advance(0);
  equal(stage.socket.ticket, "ticket 2");
});

test("a fresh token that is not taken opens another connection", async () => {
  const stage = new Stage();
  await stage.connect();
  stage.say({ type: "auth_result", success: false, error: { code: "server_busy", message: "" } });
  equal([stage.phase, stage.socket.closed], ["waiting", true]);
  await stage.advance(500);
  equal(stage.socket.ticket, "ticket 2");
});

test("a fresh token for a connection that was cut meanwhile goes nowhere", async () => {
  const stage = new Stage({ chance: 0 });
  await stage.connect();
  let give;
  stage.token = () => new Promise((resolve) => (give = resolve));
  stage.say(warning);
  await stage.advance(0);
  stage.cut();
  await stage.advance(0);
  stage.welcome();
  give("fresh");
  await flush();
  equal(stage.sockets.map(auths), [[], []]);
});

test("codes from 4500 on stop, and only the user starts again", async () => {
  const stage = new Stage();
  await stage.connect();
  stage.cut(4503);
  await stage.advance(600_000);
  equal([stage.phase, stage.realtime.status.reason, stage.sockets.length], ["stopped", "connection_limit", 1]);
  stage.realtime.start();
  await flush();
  equal(stage.sockets.length, 2);
});

test("pings are answered, silence is asked about, and a dead connection is dropped", async () => {
  const stage = new Stage();
  await stage.connect();
  stage.say({ type: "ping", sequence: 1 });
  equal(stage.socket.sent, [{ type: "pong" }]);
  await stage.advance(10_000);
  equal(stage.socket.sent.at(-1), { type: "ping" });
  const silent = stage.socket;
  await stage.advance(9_900);
  equal([silent.closed, silent !== stage.socket || stage.phase === "waiting"], [true, true]);
});

test("a pong, or any other frame, is an answer to the question whether the connection lives", async () => {
  const stage = new Stage();
  await stage.connect();
  const { socket } = stage;
  for (let minute = 0; minute < 5; minute += 1) {
    await stage.advance(12_000);
    stage.say({ type: "pong", ping_count: minute });
  }
  equal([stage.socket === socket, socket.sent.length, stage.phase], [true, 5, "online"]);
});

test("a tab whose timers slept does not call a connection dead that it has not asked", async () => {
  const stage = new Stage();
  await stage.connect();
  const { socket } = stage;
  stage.time += 60_000; // no timer came
  await stage.advance(1_000);
  equal([socket.closed, socket.sent], [false, [{ type: "ping" }]]);
  stage.say({ type: "pong", ping_count: 1 });
  await stage.advance(8_500);
  equal([socket.closed, stage.phase], [false, "online"]);
});

test("a page that wakes asks at once, and gives up a connection that does not answer", async () => {
  const stage = new Stage();
  await stage.connect();
  const { socket } = stage;
  stage.realtime.wake();
  stage.realtime.wake();
  equal(socket.sent, [{ type: "ping" }]);
  await stage.advance(9_500);
  equal(socket.closed, true);
});

test("a page that wakes while it waits for the next try does not wait any longer", async () => {
  const stage = new Stage();
  await stage.connect();
  stage.cut();
  equal(stage.phase, "waiting");
  stage.realtime.wake();
  await flush();
  equal([stage.sockets.length, stage.phase], [2, "connecting"]);
});

test("a page that wakes after the server said to stay away stays away", async () => {
  const stage = new Stage();
  await stage.connect();
  stage.cut(4503);
  stage.realtime.wake();
  await flush();
  equal([stage.sockets.length, stage.phase], [1, "stopped"]);
});

test("a handshake that hangs is given up", async () => {
  const stage = new Stage();
  stage.realtime.start();
  await flush();
  await stage.advance(17_000);
  equal([stage.sockets.length > 1, stage.sockets[0].closed], [true, true]);
});

test("frames of a socket that was let go change nothing", async () => {
  const stage = new Stage();
  await stage.connect();
  const old = stage.socket;
  stage.cut();
  stage.say({ type: "task_warning", task_id: TASK, seq: 1 }, old);
  equal(stage.notices, []);
});

test("what is followed is placed again after a cut, and only the last subscriber hears of it", async () => {
  const stage = new Stage();
  const heard = [];
  await stage.connect();
  stage.realtime.follow(TASK, { listener: { onFrame: () => heard.push("old"), onLost: () => {} } });
  stage.realtime.follow(TASK, { listener: { onFrame: (frame) => heard.push(frame.seq), onLost: () => {} } });
  stage.say(result("c1", { seq: 3 }));
  stage.say(snapshot(3));
  stage.say(result("c2", { seq: 3 }));
  stage.say(snapshot(3));
  stage.say(event(4));
  stage.cut();
  await stage.advance(500);
  stage.welcome();
  equal([stage.socket.sent[0].type, stage.socket.sent[0].last_seq, heard], ["subscribe_task", 4, [3, 4]]);
});

test("a notice is told once, and not after it came as a followed frame", async () => {
  const stage = new Stage();
  await stage.connect();
  const end = stage.realtime.follow(TASK, { listener: { onFrame: () => {}, onLost: () => {} } });
  stage.say(result("c1", { seq: 3 }));
  stage.say(snapshot(3));
  stage.say(event(4, 3, { type: "task_warning" }));
  end();
  const notice = (seq) => ({ type: "task_warning", task_id: TASK, seq });
  for (const seq of [4, 5, 5, 6]) stage.say(notice(seq));
  equal(stage.notices.map((frame) => frame.seq), [5, 6]);
});

test("a task that is refused tells its subscriber", async () => {
  const stage = new Stage();
  const lost = [];
  await stage.connect();
  stage.realtime.follow(TASK, { listener: { onFrame: () => {}, onLost: (code) => lost.push(code) } });
  stage.say({ type: "error", code: "invalid_field", id: "c1" });
  equal(lost, ["invalid_field"]);
});

test("under random cuts, losses of answers and pruning a subscriber ends with every event once or a snapshot", async () => {
  for (let seed = 1; seed <= 300; seed += 1) await playRandomly(seed);
});

/** A small server with a log, and a client that is cut at random. The sum of all events must come out right. */
async function playRandomly(seed) {
  let state = seed * 2_654_435_761;
  const random = () => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32);
  const stage = new Stage({ chance: 0.3 });
  const log = [1];
  let minSeq = 1;
  let subscriber = null; // the server's: the last seq that was sent
  let handled = 0;
  let sum = null;
  let applied = [];
  const total = (upTo) => log.slice(0, upTo).reduce((a, b) => a + b, 0);
  const listener = {
    onLost: () => { throw new Error("lost"); },
    onFrame(frame) {
      if (frame.type === "task_snapshot") {
        sum = frame.total;
        applied = [frame.seq];
      } else {
        if (frame.seq !== applied.at(-1) + 1) throw new Error(`seed ${seed}: ${frame.seq} after ${applied.at(-1)}`);
        sum += frame.value;
        applied.push(frame.seq);
      }
    },
  };
  let socket = null;
  const serve = () => {
    if (socket !== stage.socket) {
      socket = stage.socket; // the client came back by itself
      subscriber = null;
      handled = 0;
      stage.welcome();
    }
    for (; handled < stage.socket.sent.length; handled += 1) answer(stage.socket.sent[handled]);
  };
  const answer = (command) => {
    if (!["subscribe_task", "resume"].includes(command.type)) return;
    if (random() < 0.15) return; // lost on the way
    if (command.type === "resume" && subscriber === null) {
      stage.say(result(command.id, { action: "resume", success: false, error: { code: "not_subscribed" } }));
      return;
    }
    const { last_seq: last } = command;
    const served = last !== undefined && last >= minSeq - 1 && last <= log.length;
    subscriber = served ? last : log.length;
    stage.say(result(command.id, { seq: subscriber, ...(last === undefined ? {} : { recovered: served, replayed: 0 }) }));
    if (!served) stage.say({ ...snapshot(log.length), total: total(log.length) });
  };
  const deliver = () => {
    while (subscriber !== null && subscriber < log.length) {
      const seq = subscriber + 1;
      if (random() < 0.05) {
        subscriber = seq; // a hole that must not be: the rule finds it
        continue;
      }
      stage.say(event(seq, subscriber, { value: log[seq - 1] }));
      subscriber = seq;
      serve();
      if (random() < 0.1) return;
    }
  };
  stage.realtime.follow(TASK, { listener });
  await stage.connect();
  for (let step = 0; step < 60; step += 1) {
    log.push(Math.floor(random() * 100));
    if (random() < 0.2) minSeq = Math.max(minSeq, log.length - 5);
    if (random() < 0.2) {
      stage.cut();
      await stage.advance(31_000);
    }
    serve();
    deliver();
    if (random() < 0.3) await stage.advance(Math.floor(random() * 3_000));
  }
  for (let round = 0; round < 60 && (applied.at(-1) !== log.length || sum !== total(log.length)); round += 1) {
    stage.say({ type: "ping", sequence: round });
    await stage.advance(5_000);
    serve();
    if (random() < 0.5) log.push(1); // what comes after a hole shows it
    deliver();
  }
  equal([seed, sum], [seed, total(applied.at(-1))]);
  equal([seed, applied.at(-1)], [seed, log.length]);
}

// TaskState: the fold

const FULL = {
  task_id: TASK, seq: 3, min_seq: 1, status: "running", attempt: 1, progress: 10, stage: null, stage_key: null,
  stages: ["subdomain_discovery", "page_crawl", "third_party", "content_capture", "ai_analysis"].map((key) => ({
    key, name: key, status: "pending", progress: 0, started_at: null, finished_at: null,
  })),
  statistics: { total_subdomains: 0, total_pages_crawled: 0, total_third_party_domains: 0, total_violations: 0, execution_duration: 0 },
  violations: { total: 0, critical: 0, high: 0, medium: 0, low: 0, needs_review: 0, recent: [] },
  log_counts: {}, warnings: [], worker: { id: "w", state: "alive", last_heartbeat_at: null },
  target_domain: "corp.test", created_at: "2026-01-01T00:00:00.000Z", started_at: null, completed_at: null, logs: [],
};
const line = (log_seq, level = "INFO") => ({ log_seq, level, module: "m", message: `line ${log_seq}`, created_at: "2026-01-01T00:00:00.000Z" });
const fresh = () => new TaskState(structuredClone(FULL));

test("the log keeps its newest lines and counts all of them", () => {
  const state = fresh();
  for (let start = 1; start <= MAX_LINES + 500; start += 50) {
    state.apply({ type: "task_logs", seq: 3 + start, logs: Array.from({ length: 50 }, (_, index) => line(start + index)) });
  }
  equal([state.logs.length, state.logs[0].log_seq, state.log_counts.INFO], [MAX_LINES, 501, MAX_LINES + 500]);
  equal(state.logs_version, 0);
});

test("a verdict comes with the end and goes with a retry", () => {
  const state = fresh();
  const verdict = { result: "inconclusive", reasons: ["start_page", "server_error"] };
  const place = { reason: "server_error", host: "corp.test", count: 1 };
  state.apply({ type: "task_warning", seq: 4, code: "partial", message: "m", attempt: 1, ...place });
  state.apply({ type: "task_warning", seq: 5, code: "degraded", message: "m", attempt: 1 });
  state.apply({ type: "task_completed", seq: 6, status: "completed", statistics: FULL.statistics, message: "m", verdict });
  equal(state.verdict, verdict);
  equal(state.warnings, [
    { code: "partial", message: "m", ...place, attempt: 1 }, { code: "degraded", message: "m", attempt: 1 },
  ]);
  state.apply({ type: "task_retrying", seq: 7, by: "x", next_attempt: 2 });
  equal(state.verdict, undefined);
});

test("lines that are fetched later find their place", () => {
  const state = fresh();
  state.addLines([line(5), line(9)]);
  state.addLines([line(6), line(7), line(5)]);
  equal(state.logs.map((one) => one.log_seq), [5, 6, 7, 9]);
});

test("a retry by a user starts clean, a requeue keeps what was found", () => {
  const violation = { domain: "bad.test", violation_type: "x", risk_level: "high", confidence_score: 0.6, description: "" };
  const found = { type: "violation_detected", seq: 4, violation, violation_id: "v", violation_key: "adult", needs_review: true, timestamp: "2026-01-01T00:00:01.000Z" };
  const requeued = fresh();
  requeued.apply(found);
  requeued.apply({ type: "task_retrying", seq: 5, reason: "worker_lost", next_attempt: 2 });
  equal([requeued.status, requeued.attempt, requeued.progress, requeued.found.size, requeued.counts.needs_review], ["pending", 2, 10, 1, 1]);
  const retried = fresh();
  retried.apply(found);
  retried.apply({ type: "task_retrying", seq: 5, next_attempt: 2 });
  equal([retried.progress, retried.found.size, retried.counts.total, retried.run], [0, 0, 0, 1]);
});

test("violations of REST and of events become one list in order", () => {
  const state = fresh();
  const item = (violation_id, second) => ({ violation_id, risk_level: "low", created_at: `2026-01-01T00:00:0${second}.000Z` });
  state.merge([item("b", 2), item("d", 4)]);
  state.merge([item("a", 1), item("b", 2), item("c", 3)]);
  equal([...state.found.keys()], ["a", "b", "c", "d"]);
});

// Session

function createStorage() {
  const items = new Map();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), removeItem: (key) => items.delete(key) };
}
const pair = (name) => ({ access_token: `a-${name}`, refresh_token: `r-${name}`, expires_in: 3_600 });

test("a token is renewed before it expires, once for all who ask", async () => {
  let now = 0;
  let asked = 0;
  const session = new Session({ storage: createStorage(), now: () => now, requestPair: async () => pair(`new${(asked += 1)}`) });
  session.begin("mei", pair("old"));
  equal(await session.token(), "a-old");
  now = 3_600_000 - 60_000;
  equal(await Promise.all([session.token(), session.token(), session.token()]), ["a-new1", "a-new1", "a-new1"]);
  equal([asked, session.current.username], [1, "mei"]);
});

test("a refused renewal ends the session, a failed network does not", async () => {
  const ends = [];
  let error = Object.assign(new Error("network"), { status: 0 });
  const session = new Session({ storage: createStorage(), requestPair: () => Promise.reject(error) });
  session.onEnd = (code) => ends.push(code);
  session.begin("mei", pair("old"));
  const failure = () => session.token({ renew: true }).catch((caught) => caught.signedOut ?? caught.message);
  equal([await failure(), session.current !== null], ["network", true]);
  error = Object.assign(new Error("no"), { status: 401, code: "expired_token" });
  equal([await failure(), session.current, ends], [true, null, ["expired_token"]]);
});

test("a tab takes over the pair that its twin got", async () => {
  const channel = { postMessage: (data) => { channel.said = data; } };
  const [mine, twins] = [createStorage(), createStorage()];
  const session = new Session({ storage: mine, channel, requestPair: async () => pair("new") });
  session.begin("mei", pair("old"));
  const otherChannel = {};
  const twin = new Session({ storage: twins, channel: otherChannel, requestPair: () => Promise.reject(new Error("used twice")) });
  twin.begin("mei", pair("old"));
  await session.token({ renew: true });
  otherChannel.onmessage({ data: channel.said });
  equal(await twin.token(), "a-new");
});

// Tickets

/** The page's REST before a server that gives these answers in turn; `calls` holds path and token of each request. */
function createApi(...answers) {
  const calls = [];
  const fetch = async (url, { headers }) => {
    calls.push([url, headers.Authorization]);
    const { status = 200, body = {}, headers: more = {} } = answers.shift();
    return new Response(JSON.stringify(body), { status, headers: more });
  };
  const api = new Api({ base: "/", session: { storage: createStorage() }, fetch });
  api.session.begin("mei", pair("old"));
  return { api, calls };
}
const failure = (promise) => promise.then(() => null, ({ status, code, retryAfterMs }) => [status, code, retryAfterMs]);

test("a ticket is asked for with the token, and again with a new one when that has expired", async () => {
  const { api, calls } = createApi({ status: 401, body: { code: "expired_token" } }, { body: pair("new") }, { body: { ticket: "t" } });
  equal(await api.ticket(), "t");
  equal(calls, [["/monitor/ws/ticket", "Bearer a-old"], ["/auth/refresh", undefined], ["/monitor/ws/ticket", "Bearer a-new"]]);
});

test("a ticket that cannot be had says why, and when to ask again", async () => {
  const ended = { status: 401, body: { code: "expired_token" } };
  equal(await failure(createApi(ended, ended).api.ticket()), [401, "expired_token", 0]);
  const busy = (text) => createApi({ status: 429, body: { code: "rate_limited" }, headers: { "Retry-After": text } });
  equal(await failure(busy("7").api.ticket()), [429, "rate_limited", 7_000]);
  equal(await failure(busy("Wed, 21 Oct 2015 07:28:00 GMT").api.ticket()), [429, "rate_limited", 0]);
  equal(await failure(createApi({ status: 503 }).api.ticket()), [503, "unavailable", 0]);
  equal(await failure(createApi().api.ticket()), [0, "network", 0]);
});

// Texts

test("every text stands in every language with the same parameters", () => {
  const parameters = (text) => [...text.matchAll(/\{(\w+)/g)].map((match) => match[1]).sort();
  const [first, ...others] = Object.values(LOCALES);
  for (const texts of others) {
    equal(Object.keys(texts), Object.keys(first));
    for (const [key, text] of Object.entries(texts)) {
      if (!text || !first[key]) throw new Error(`${key} is empty`);
      equal([key, parameters(text)], [key, parameters(first[key])]);
    }
  }
});

test("the button offers every language in turn, under its own name", () => {
  equal([nextLanguage("zh-CN"), nextLanguage("en")], ["en", "zh-CN"]);
  equal(LANGUAGES.map((language) => createTexts(language)("language.name")), ["中文", "English"]);
});

test("parameters are filled in, with the English form that fits the number", () => {
  const [zh, en] = LANGUAGES.map(createTexts);
  equal([en("log.gap", { count: 1 }), en("log.gap", { count: 1_200 })], ["Load 1 line not shown here", "Load 1,200 lines not shown here"]);
  equal(zh("tasks.count", { count: 3 }), "共 3 个");
});

test("the language is the address's, the remembered, the browser's, then Chinese", () => {
  equal(chooseLanguage({ query: "en", remembered: "zh-CN" }), "en");
  equal(chooseLanguage({ query: "fr", remembered: "en", preferred: ["zh-TW"] }), "en");
  equal(chooseLanguage({ preferred: ["fr", "zh-TW", "en"] }), "zh-CN");
  equal(chooseLanguage({ preferred: ["de", "en-GB"] }), "en");
  equal(chooseLanguage({ preferred: ["fr"] }), "zh-CN");
});

// Addresses of the views

const SCAN = "01a21778-daee-765d-a0e7-3d2ca54f3604";

test("an address leads back to what it was made of", () => {
  for (const key of ["gambling.casino.test", "a/b?c#d", "域名.test", "%"]) {
    const route = parseRoute(addressOf({ taskId: SCAN, attempt: 2 }, "findings", key));
    equal(route, { view: "detail", kind: "findings", key, taskId: SCAN, attempt: 2 });
  }
  equal(parseRoute(addressOf({ taskId: SCAN })), { view: "task", taskId: SCAN, attempt: null });
});

test("an address that names no scan shows that there is none, and any other the list", () => {
  equal(parseRoute("#/tasks/x"), { view: "task", taskId: null, attempt: null });
  equal(parseRoute("#/tasks/%ff"), { view: "tasks" });
  equal(parseRoute(`#/tasks/${SCAN}/secrets/1?attempt=-1`), { view: "task", taskId: SCAN, attempt: null });
  equal(parseRoute(""), { view: "tasks" });
});

test("a restart opens another connection at once, and does nothing to one that was not started", async () => {
  const opened = [];
  const realtime = new Realtime({
    openSocket: () => {
      const socket = { closed: false, close: () => { socket.closed = true; } };
      opened.push(socket);
      return socket;
    },
    getTicket: async () => "ticket",
    getToken: async () => "token",
    clock: { now: () => 0, after: () => () => {} },
    random: () => 0.5,
    listener: { onStatus: () => {}, onNotice: () => {}, onBroadcast: () => {} },
  });
  realtime.restart();
  equal(realtime.status.phase, "idle");
  realtime.start();
  await null;
  await null;
  realtime.restart();
  await null;
  await null;
  equal(opened.map((socket) => socket.closed), [true, false]);
});

test("how long something still takes is said in the unit that fits, and no finer than can be known", () => {
  const said = (language) => [3, 44, 89, 90, 754, 5_399, 5_400, 40_000].map((seconds) => formatRough(seconds, language));
  equal(said("en"), ["10 sec", "40 sec", "90 sec", "2 min", "13 min", "90 min", "1.5 hr", "11.1 hr"]);
  equal(said("zh-CN").slice(0, 4), ["10秒", "40秒", "90秒", "2分钟"]);
});

// The pages about the interface: schemas

const DESCRIBED = {
  components: {
    schemas: {
      Level: { type: "string", enum: ["low", "high"] },
      Thing: { type: "object", description: "A thing.", properties: { level: { $ref: "#/components/schemas/Level" } }, examples: [{ level: "low" }] },
    },
  },
};
const LEVEL = { $ref: "#/components/schemas/Level" };
const typeText = (schema) => typeParts(schema).map(({ text }) => text).join("");

test("a reference is what it leads to, with the words beside it", () => {
  equal(resolve(DESCRIBED, { ...LEVEL, description: "How bad." }), { type: "string", enum: ["low", "high"], description: "How bad." });
  equal(resolve(DESCRIBED, { allOf: [LEVEL], default: "low" }), { type: "string", enum: ["low", "high"], default: "low" });
});

test("a type is said in one line, and models in it can be followed", () => {
  equal(typeText({ type: "array", items: LEVEL }), "Level[]");
  equal(typeText({ type: "array", items: { enum: ["a", "b"] } }), '("a" | "b")[]');
  equal(typeText({ anyOf: [{ type: "integer" }, { type: "null" }] }), "integer | null");
  equal(typeText({ const: "ping" }), '"ping"');
  equal(typeText({}), "any");
  equal(typeParts(LEVEL), [{ text: "Level", model: "Level" }]);
});

test("null is no choice of a parameter: it is left out instead", () => {
  const optional = { anyOf: [LEVEL, { type: "null" }], examples: ["low"] };
  equal(typeText(withoutNull(optional)), "Level");
  equal(options(DESCRIBED, optional), ["low", "high"]);
  equal(options(DESCRIBED, { type: "boolean" }), ["true", "false"]);
  equal(options(DESCRIBED, { type: "string" }), null);
  equal(options(DESCRIBED, { anyOf: [LEVEL, { type: "integer" }] }), null);
});

test("bounds are said as they are", () => {
  equal(bounds(DESCRIBED, { type: "integer", minimum: 1, maximum: 200 }), [{ kind: "value", text: "≥ 1, ≤ 200" }]);
  equal(bounds(DESCRIBED, { type: "number", exclusiveMinimum: 0 }), [{ kind: "value", text: "> 0" }]);
  equal(bounds(DESCRIBED, { type: "array", minItems: 5, maxItems: 5 }), [{ kind: "items", text: "= 5" }]);
  equal(bounds(DESCRIBED, { anyOf: [{ type: "string", maxLength: 9, pattern: "^a" }, { type: "null" }] }), [
    { kind: "characters", text: "≤ 9" },
    { kind: "pattern", text: "^a" },
  ]);
  equal(bounds(DESCRIBED, LEVEL), []);
});

test("an example is the parameter's own, else its schema's, else its model's", () => {
  equal(exampleOf(DESCRIBED, { examples: [1], schema: { examples: [2] } }), 1);
  equal(exampleOf(DESCRIBED, { schema: { examples: [2] } }), 2);
  equal(exampleOf(DESCRIBED, { schema: { $ref: "#/components/schemas/Thing" } }), { level: "low" });
});

test("a description has paragraphs, numbered steps and code, and nothing else", () => {
  const box = document.createElement("div");
  box.append(...prose("One\nline with `code`.\n\n1. First\n   step.\n2. <b>Second</b>.\n\n中文的\n一行，\n`码`和\n`码`。"));
  equal(box.innerHTML, "<p>One line with <code>code</code>.</p><ol><li>First step.</li><li>&lt;b&gt;Second&lt;/b&gt;.</li></ol><p>中文的一行，<code>码</code>和 <code>码</code>。</p>");
});

// The pages about the interface: a request that is tried out

const PARAMETERS = [
  { name: "task_id", in: "path", required: true },
  { name: "q", in: "query" },
  { name: "last-event-id", in: "header" },
];
const tried = (values, more = {}) =>
  buildRequest({ base: "https://a.test/x/", method: "get", path: "/api/tasks/{task_id}/log", parameters: PARAMETERS, values, body: null, token: null, ...more });

test("values go where their parameters stand, and empty ones nowhere", () => {
  const request = tried({ "path.task_id": "a/b?c", "query.q": "x & y", "header.last-event-id": " 0:42 " }, { token: "secret" });
  equal(request.url, "https://a.test/x/api/tasks/a%2Fb%3Fc/log?q=x+%26+y");
  equal(request.headers, { "last-event-id": "0:42", authorization: "Bearer secret" });
  equal(request.missing, []);
  equal(tried({ "path.task_id": "t", "query.q": "" }).url, "https://a.test/x/api/tasks/t/log");
  equal(tried({}).missing, ["task_id"]);
});

test("a body says what it is", () => {
  const request = tried({ "path.task_id": "t" }, { method: "post", body: "{}" });
  equal([request.method, request.body, request.headers], ["POST", "{}", { "content-type": "application/json" }]);
});

test("a command for the shell is quoted and has no token in it", () => {
  const request = tried({ "path.task_id": "t" }, { method: "post", body: `{"a": "it's"}`, token: "secret" });
  const lines = asCurl(request).split(" \\\n  ");
  equal(lines, [
    "curl -X POST 'https://a.test/x/api/tasks/t/log'",
    "-H 'content-type: application/json'",
    '-H "Authorization: Bearer $TOKEN"',
    `--data-raw '{"a": "it'\\''s"}'`,
  ]);
});

test("what is shown of an answer depends on its type", () => {
  equal(["text/event-stream; charset=utf-8", "application/x-ndjson", "application/problem+json", "image/jpeg"].map((type) => kindOf(type)), ["stream", "stream", "json", "image"]);
  equal([kindOf("text/plain"), kindOf("text/plain", "attachment; filename=a"), kindOf("text/html"), kindOf("application/pdf"), kindOf("")], ["text", "file", "file", "file", "file"]);
  equal([fileNameOf('attachment; filename="report.pdf"'), fileNameOf("attachment; filename=../x"), fileNameOf("")], ["report.pdf", ".._x", null]);
});

/** A stream of `count` pieces of `bytes` letters; `taken` says how many were asked for. */
function pieces(count, bytes) {
  const state = { taken: 0, cancelled: false };
  const piece = new Uint8Array(bytes).fill(97);
  const stream = new ReadableStream({
    pull(controller) {
      state.taken += 1;
      controller.enqueue(piece);
      if (state.taken === count) controller.close();
    },
    cancel() {
      state.cancelled = true;
    },
  });
  return { stream, state };
}

async function readAll(kind, stream) {
  const body = new Body(kind);
  await body.read(stream, () => {});
  return body;
}

test("a small answer is shown whole, JSON with line breaks", async () => {
  const body = await readAll("json", new Response('{"a":[1]}').body);
  equal([body.pretty, body.isShortened, body.isWhole, body.blob("application/json").size], ['{\n  "a": [\n    1\n  ]\n}', false, true, 9]);
  equal((await readAll("json", new Response("{broken").body)).pretty, "{broken");
  equal((await readAll("file", null)).bytes, 0);
});

test("of a long answer the beginning is shown, and all of it can be saved", async () => {
  const { stream } = pieces(10, 100_000);
  const body = await readAll("text", stream);
  equal([body.text.length, body.isShortened, body.blob("text/plain").size], [SHOWN_CHARACTERS, true, 1_000_000]);
});

test("of what is too large the rest is not read, and nothing is kept", async () => {
  const { stream, state } = pieces(1_000, 1_048_576);
  const body = await readAll("file", stream);
  equal([body.isCut, body.isWhole, body.blob("x"), state.cancelled], [true, false, null, true]);
  if (state.taken > KEPT_BYTES / 1_048_576 + 3) throw new Error(`${state.taken} pieces were read`);
});

test("of a stream the end is shown, however long it is", async () => {
  const { stream } = pieces(100, 1_048_576);
  const body = await readAll("stream", stream);
  equal([body.text.length, body.isShortened, body.isCut, body.bytes, body.blob("x")], [TAIL_CHARACTERS, true, false, 100 * 1_048_576, null]);
});

// The pages about the interface: who calls, and the console

const nobody = (more = {}) => ({ session: { current: null, token: async () => "of the session" }, login: async () => {}, ...more });

test("a pasted token is used until it is forgotten, and kept nowhere", async () => {
  const api = nobody();
  const access = new Access(api);
  equal([access.state, await access.token()], [{ kind: "none" }, null]);
  access.paste("  Bearer abc.def ");
  equal([access.state, await access.token()], [{ kind: "pasted" }, "abc.def"]);
  equal([JSON.stringify(sessionStorage).includes("abc.def"), JSON.stringify(localStorage).includes("abc.def")], [false, false]);
  await access.leave();
  equal(access.state, { kind: "none" });
});

test("a session that is over is no error but nobody", async () => {
  const over = Object.assign(new Error("over"), { signedOut: true });
  const access = new Access(nobody({ session: { current: { username: "mei" }, token: async () => { throw over; } } }));
  equal([access.state, await access.token()], [{ kind: "session", username: "mei" }, null]);
});

class FakeSocket {
  sent = [];
  send(text) { this.sent.push(text); }
  close(code) { this.onclose({ code, reason: "" }); }
}

async function connected(more = {}) {
  const socket = new FakeSocket();
  const access = { ticket: async () => "once", token: async () => "secret", ...more };
  const opened = [];
  const talk = new Conversation({ access, open: (ticket) => { opened.push(ticket); return socket; }, onChange: () => {}, now: () => 5 });
  await talk.connect();
  socket.onopen();
  return { talk, socket, opened };
}

test("a connection is opened with a ticket, and its end is noted", async () => {
  const { talk, opened } = await connected();
  equal([talk.phase, opened], ["open", ["once"]]);
  talk.disconnect();
  equal([talk.phase, talk.entries], ["closed", [{ at: 5, kind: "closed", code: 1000, reason: "" }]]);
});

test("a connection for which there is no ticket is not opened", async () => {
  let failed = null;
  await connected({ ticket: async () => { throw new Error("401"); } }).catch((error) => { failed = error.message; });
  equal(failed, "401");
});

test("who disconnects before there is a ticket opens nothing with it, also when the next attempt has begun", async () => {
  const tickets = [];
  const opened = [];
  const access = { ticket: () => new Promise((resolve) => tickets.push(resolve)) };
  const talk = new Conversation({ access, open: (ticket) => { opened.push(ticket); return new FakeSocket(); }, onChange: () => {} });
  const first = talk.connect();
  talk.disconnect();
  equal(talk.phase, "closed");
  const second = talk.connect();
  tickets[0]("first");
  await first;
  equal([talk.phase, opened], ["connecting", []]);
  tickets[1]("second");
  await second;
  equal(opened, ["second"]);
});

test("the token is put in where a command has its place, and is not shown", async () => {
  const { talk, socket } = await connected();
  await talk.send('{"type": "auth", "token": "ACCESS_TOKEN"}');
  equal(socket.sent, ['{"type": "auth", "token": "secret"}']);
  equal(JSON.stringify(talk.entries).includes("secret"), false);
  equal(talk.entries[0].type, "auth");
});

test("of many and of long frames a bounded part is kept", async () => {
  const { talk, socket } = await connected();
  for (let number = 0; number < MAX_ENTRIES + 50; number += 1) socket.onmessage({ data: `{"type":"ping","sequence":${number}}` });
  equal([talk.entries.length, talk.dropped, talk.entries.at(-1).type], [MAX_ENTRIES, 50, "ping"]);
  socket.onmessage({ data: JSON.stringify({ type: "task_snapshot", text: "x".repeat(3 * MAX_CHARACTERS) }) });
  equal([talk.entries.at(-1).text.length, talk.entries.at(-1).isShortened], [MAX_CHARACTERS, true]);
  socket.onmessage({ data: "no JSON" });
  equal([talk.entries.at(-1).type, talk.entries.at(-1).text], ["?", "no JSON"]);
  talk.clear();
  equal([talk.entries, talk.dropped], [[], 0]);
});
