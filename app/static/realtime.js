/**
 * The live connection: one socket that is kept up for ever, and the tasks followed on it. Knows no DOM.
 *
 * Everything from outside comes in: how a socket is opened, where tickets and tokens come from, clock and chance. Close
 * codes, the waiting times and the rule for followed tasks are those of the protocol (sections 2 and 5).
 *
 * Phases: "idle" (not started), "connecting", "online" (welcomed), "waiting" (until `retryAt`), "stopped" (the server
 * said not to come back, or the session has ended; `reason` says why).
 */

import { FIRST_STOPPING_CODE, STOP_REASONS } from "./contract.js";
import { TaskSubscription, isNotice } from "./subscription.js";

const BASE_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
const STABLE_MS = 30_000; // a connection that held this long starts the waiting times anew
const CONNECT_TIMEOUT_MS = 15_000;
// A dead connection is shown within 20 s, ticks included. Nothing but a ping without an answer says that it is dead: the
// timers of a tab in the background come once a minute, and a machine that slept has heard nothing meanwhile.
const PING_AFTER_MS = 9_000;
const ANSWER_WITHIN_MS = 8_000;
const TICK_MS = 1_000;
const MAX_REMEMBERED_TASKS = 1_000; // for telling notices twice apart; the oldest goes

/** Why not to come back after a close; null: come back. Whether the token is still good, the next ticket shows. */
export function stopReason(code, reason) {
  if (code >= FIRST_STOPPING_CODE) return STOP_REASONS[code] ?? "stopped";
  return code === 1008 && reason === "user_disabled" ? reason : null;
}

/** Full jitter: anything from nothing to the limit, which doubles with every try. `chance` is 0..1. */
export function reconnectDelay(tries, chance) {
  return chance * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** Math.min(tries, 16));
}

/** How long to wait with the new token: not everybody who is warned at once may ask at once. `chance` is 0..1. */
export function renewalDelay(warning, chance) {
  return (chance * Math.max(0, Date.parse(warning.expires_at) - Date.parse(warning.timestamp))) / 2;
}

/** A frame of a task that is not followed here. A deletion may come without a number, when the row is gone. */
function verdictOnStranger(frame) {
  return isNotice(frame) || (frame.type === "task_deleted" && frame.seq === undefined) ? "notice" : "ignore";
}

export class Realtime {
  #openSocket;
  #getTicket;
  #getToken;
  #clock;
  #random;
  #listener;
  #socket = null;
  #followed = new Map(); // task id -> {subscription, listener}
  #noticed = new Map(); // task id -> highest seq told as a notice or applied
  #epoch = null; // of the log, as the last welcome named it
  #connection = 0; // grows with every try; what belongs to an older one is void
  #commands = 0;
  #tries = 0;
  #advice = null; // of `reconnect_advice`, for the next wait
  #holdMs = 0; // of the last fatal error, or of a refused ticket
  #pingedAt = null; // when the ping without an answer was sent; null: there is none
  #startedAt = 0; // when this connection was tried, and later welcomed
  #cancelRetry = null;
  #cancelTick = null;

  /**
   * `openSocket(ticket)` gives a WebSocket or its like. `getTicket()` promises what opens one; it rejects with an error
   * whose `status` is 401 when the session is over, with any other when there is none now (`retryAfterMs`: nor sooner
   * than that). `getToken()` promises a fresh token; whatever it rejects with, the old one serves to its end.
   * `clock`: `now()` in ms and `after(ms, action)`, which returns its cancelling. `random()`: 0..1.
   * `listener`: `onStatus(status)`, `onNotice(frame)`, `onBroadcast(frame)`.
   */
  constructor({ openSocket, getTicket, getToken, clock, random, listener }) {
    this.#openSocket = openSocket;
    this.#getTicket = getTicket;
    this.#getToken = getToken;
    this.#clock = clock;
    this.#random = random;
    this.#listener = listener;
    this.status = { phase: "idle", reason: null, retryAt: null, lastFrameAt: null };
    this.serverOffsetMs = 0; // the server's clock minus ours
  }

  start() {
    if (this.status.phase !== "idle" && this.status.phase !== "stopped") return;
    this.#tries = 0;
    this.#tick();
    this.#connect();
  }

  /** Closes the connection; nothing is tried until the next `start`. */
  stop() {
    this.#halt("idle", null);
  }

  /** Opens another connection in place of the one that is, or is tried: something of its address has changed. */
  restart() {
    if (this.status.phase === "idle" || this.status.phase === "stopped") return;
    this.stop();
    this.start();
  }

  /** Does not wait any longer. Called for the user, or when the network is back. */
  retryNow() {
    if (this.status.phase !== "waiting") return;
    this.#cancelRetry?.();
    this.#connect();
  }

  /** The page is looked at again, or the machine woke: what the connection is worth is asked at once. */
  wake() {
    this.retryNow();
    if (this.status.phase === "online") this.#ask(this.#clock.now());
  }

  /**
   * Follow a task from a snapshot on. `listener`: `onFrame(frame)` for snapshots and events in order, `onLost(code)`.
   * Returns the function that ends it. A task has one listener: the newest.
   */
  follow(taskId, { topics = ["progress", "logs"], logTail = 200, listener }) {
    const previous = this.#followed.get(taskId)?.subscription;
    const options = { topics, logTail };
    const subscription = previous ? TaskSubscription.after(previous, options) : new TaskSubscription(taskId, options);
    const entry = { subscription, listener };
    this.#followed.set(taskId, entry);
    this.#flush();
    return () => this.#unfollow(taskId, entry);
  }

  #unfollow(taskId, entry) {
    if (this.#followed.get(taskId) !== entry) return;
    entry.listener = null;
    entry.subscription.wanted = false;
    this.#flush();
  }

  async #connect() {
    const connection = ++this.#connection;
    this.#startedAt = this.#clock.now();
    this.#setStatus({ phase: "connecting", reason: null, retryAt: null });
    let ticket;
    try {
      ticket = await this.#getTicket();
    } catch (error) {
      if (connection === this.#connection) this.#refusedTicket(error);
      return;
    }
    if (connection === this.#connection) this.#attach(this.#openSocket(ticket));
  }

  #refusedTicket(error) {
    if (error.status === 401) {
      this.#halt("stopped", "logged_out");
      return;
    }
    this.#holdMs = error.retryAfterMs ?? 0;
    this.#wait();
  }

  /** Without a fresh token this connection ends with 4001, and coming back shows what is the matter. */
  async #renew(connection) {
    if (connection !== this.#connection) return;
    const token = await this.#getToken().catch(() => null);
    if (token !== null && connection === this.#connection) this.#send({ type: "auth", token });
  }

  #attach(socket) {
    this.#socket = socket;
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#receive(event.data);
    };
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#closed(event.code, event.reason);
    };
  }

  /** Lets go of the socket at once; a stuck peer would keep `onclose` waiting. */
  #detach() {
    const socket = this.#socket;
    this.#connection += 1;
    this.#socket = null;
    this.#pingedAt = null;
    for (const { subscription } of this.#followed.values()) subscription.disconnected();
    this.#forgetFinished();
    socket?.close(1000);
  }

  #closed(code, reason) {
    const stop = stopReason(code, reason);
    if (stop === null) this.#wait();
    else this.#halt("stopped", stop);
  }

  #wait() {
    this.#detach();
    const delay = this.#nextDelay();
    const retryAt = this.#clock.now() + delay;
    this.#cancelRetry = this.#clock.after(delay, () => this.#connect());
    this.#setStatus({ phase: "waiting", retryAt });
  }

  #nextDelay() {
    const chance = this.#random();
    const { delay_min_ms: least, delay_max_ms: most } = this.#advice ?? {};
    const jitter = this.#advice ? least + chance * (most - least) : reconnectDelay(this.#tries, chance);
    const delay = this.#holdMs + jitter;
    this.#advice = null;
    this.#holdMs = 0;
    this.#tries += 1;
    return delay;
  }

  #halt(phase, reason) {
    this.#detach();
    this.#cancelRetry?.();
    this.#cancelTick?.();
    this.#setStatus({ phase, reason, retryAt: null });
  }

  #receive(text) {
    const frame = JSON.parse(text);
    this.status.lastFrameAt = this.#clock.now();
    this.#pingedAt = null;
    switch (frame.type) {
      case "connection_established":
        this.#welcomed(frame);
        break;
      case "ping":
        this.#send({ type: "pong" });
        break;
      case "error":
        this.#refused(frame);
        break;
      case "reconnect_advice":
        this.#advice = frame;
        break;
      case "token_expiring":
        this.#expiring(frame);
        break;
      case "auth_result":
        if (!frame.success) this.#wait();
        break;
      case "admin_broadcast":
        this.#listener.onBroadcast(frame);
        break;
      default:
        if (frame.task_id !== undefined) this.#route(frame);
    }
  }

  #welcomed(frame) {
    this.#startedAt = this.#clock.now();
    if (this.#epoch !== frame.epoch) this.#noticed.clear(); // the numbers begin anew
    this.#epoch = frame.epoch;
    this.serverOffsetMs = Date.parse(frame.server_time) - this.#clock.now();
    this.#setStatus({ phase: "online" });
    this.#flush();
  }

  #expiring(frame) {
    const connection = this.#connection;
    this.#clock.after(renewalDelay(frame, this.#random()), () => this.#renew(connection));
  }

  #refused(frame) {
    if (frame.fatal) this.#holdMs = frame.retry_after_ms ?? 0;
    for (const [taskId, entry] of this.#followed) {
      if (entry.subscription.refuse(frame, this.#clock.now()) === "lost") this.#lose(taskId, entry);
    }
  }

  #route(frame) {
    const entry = this.#followed.get(frame.task_id);
    const verdict = entry ? entry.subscription.receive(frame) : verdictOnStranger(frame);
    if (verdict === "apply") this.#apply(frame, entry);
    else if (verdict === "notice") this.#notice(frame);
    else if (verdict === "lost") this.#lose(frame.task_id, entry);
    if (verdict === "settled" || verdict === "gap") this.#flush();
  }

  #apply(frame, entry) {
    this.#remember(frame.task_id, frame.seq);
    if (frame.type === "task_deleted") entry.subscription.wanted = false;
    entry.listener?.onFrame(frame);
    if (frame.type === "task_deleted") this.#flush();
  }

  #notice(frame) {
    if (frame.seq <= (this.#noticed.get(frame.task_id) ?? 0)) return;
    this.#remember(frame.task_id, frame.seq);
    this.#listener.onNotice(frame);
  }

  #remember(taskId, seq) {
    if (!Number.isInteger(seq)) return;
    this.#noticed.delete(taskId);
    this.#noticed.set(taskId, seq);
    if (this.#noticed.size > MAX_REMEMBERED_TASKS) this.#noticed.delete(this.#noticed.keys().next().value);
  }

  #lose(taskId, entry) {
    this.#followed.delete(taskId);
    entry.listener?.onLost(entry.subscription.lostCode);
  }

  #flush() {
    if (this.status.phase === "online") {
      const now = this.#clock.now();
      for (const { subscription } of this.#followed.values()) {
        const command = subscription.nextCommand(now, () => `c${(this.#commands += 1)}`);
        if (command) this.#send(command);
      }
    }
    this.#forgetFinished();
  }

  #forgetFinished() {
    for (const [taskId, { subscription }] of this.#followed) {
      if (subscription.finished) this.#followed.delete(taskId);
    }
  }

  #send(command) {
    this.#socket?.send(JSON.stringify(command));
  }

  #tick() {
    this.#cancelTick?.();
    this.#cancelTick = this.#clock.after(TICK_MS, () => this.#tick());
    const now = this.#clock.now();
    if (this.status.phase === "connecting" && now - this.#startedAt > CONNECT_TIMEOUT_MS) this.#wait();
    if (this.status.phase !== "online") return;
    if (now - this.#startedAt >= STABLE_MS) this.#tries = 0;
    this.#checkLife(now);
    this.#flush();
  }

  #checkLife(now) {
    if (this.#pingedAt !== null && now - this.#pingedAt > ANSWER_WITHIN_MS) this.#wait();
    else if (now - this.status.lastFrameAt > PING_AFTER_MS) this.#ask(now);
  }

  /** One ping until something comes. */
  #ask(now) {
    if (this.#pingedAt !== null) return;
    this.#pingedAt = now;
    this.#send({ type: "ping" });
  }

  #setStatus(changes) {
    this.status = { ...this.status, ...changes };
    this.#listener.onStatus(this.status);
  }
}
