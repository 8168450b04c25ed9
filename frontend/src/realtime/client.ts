/**
 * The live connection: one socket that is kept up for ever.
 *
 * Everything from outside comes in: how a socket is opened, where tickets and tokens come from, clock and chance. Who
 * follows what on it stands in `followers.ts`, waiting times and close codes in `retry.ts`.
 */

import { Followers, type NotificationListener, type TaskListener } from "./followers";
import { Heartbeat, type Pulse } from "./heartbeat";
import { parseFrame, type ClientCommand, type FeedFrame, type FrameOf, type Handlers, type ServerFrame, type TaskFrame } from "./protocol";
import { RetryPolicy, renewalDelay, stopReason } from "./retry";
import type { SubscriptionOptions } from "./subscription";

const STABLE_MS = 30_000; // a connection that held this long starts the waiting times anew
const CONNECT_TIMEOUT_MS = 15_000;
const TICK_MS = 1_000;

/**
 * "idle": not started. "connecting". "online": welcomed. "waiting": until `retryAt`. "stopped": the server said not to
 * come back, or the session is over; `reason` says why.
 */
export type Phase = "idle" | "connecting" | "online" | "waiting" | "stopped";

export interface ConnectionStatus {
  phase: Phase;
  /** Of the phase "stopped", null in all others: "logged_out", "user_disabled", "connection_limit", "closed_by_admin", ... */
  reason: string | null;
  /** Clock time in ms; set in the phase "waiting" alone. */
  retryAt: number | null;
  /** Clock time in ms of the newest frame of any connection; null: there was none. */
  lastFrameAt: number | null;
}

/** What the client needs of a WebSocket; the browser's is one, and so is that of Node's package `ws`. */
export interface SocketLike {
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number): void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs the action once, after so many ms; returns what cancels it. */
  after(ms: number, action: () => void): () => void;
}

/** A ticket that was refused. `status` 401: the session is over; anything else: there is none now. */
export interface TicketRefusal {
  status?: number;
  retryAfterMs?: number;
}

export interface ClientListener {
  onStatus(status: ConnectionStatus): void;
  /** An event of a task of the user that is not followed; each once. */
  onNotice(frame: TaskFrame): void;
  onBroadcast(frame: FrameOf<"admin_broadcast">): void;
}

export interface ClientOptions {
  openSocket(ticket: string): SocketLike;
  /** Promises what opens one connection; rejects with a `TicketRefusal`. */
  getTicket(): Promise<string>;
  /** Promises a fresh token for the connection that is there; whatever it rejects with, the old one serves to its end. */
  getToken(): Promise<string>;
  clock: Clock;
  /** 0..1. */
  random(): number;
  listener: ClientListener;
}

export class RealtimeClient {
  status: ConnectionStatus = { phase: "idle", reason: null, retryAt: null, lastFrameAt: null };
  /** The server's clock minus ours, in ms; 0 before the first welcome. */
  serverOffsetMs = 0;
  /** When the server ends this connection unless it is renewed (RFC 3339); null before the first welcome. */
  tokenExpiresAt: string | null = null;

  #options: ClientOptions;
  #retry: RetryPolicy;
  #heartbeat = new Heartbeat();
  #followers: Followers;
  #socket: SocketLike | null = null;
  #connection = 0; // grows with every try; what belongs to an older one is void
  #startedAt = 0; // when this connection was tried, and later welcomed
  #cancelRetry: (() => void) | null = null;
  #cancelTick: (() => void) | null = null;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#retry = new RetryPolicy(options.random);
    this.#followers = new Followers({
      now: () => this.#now(),
      send: (command) => this.#send(command),
      onNotice: (frame) => options.listener.onNotice(frame),
    });
  }

  start(): void {
    if (this.status.phase !== "idle" && this.status.phase !== "stopped") return;
    this.#retry.reset();
    this.#tick();
    void this.#connect();
  }

  /** Closes the connection; nothing is tried until the next `start`. */
  stop(): void {
    this.#halt("idle", null);
  }

  /** Opens another connection in place of the one that is, or is tried: its language has changed, and all is told anew. */
  restart(): void {
    if (this.status.phase === "idle" || this.status.phase === "stopped") return;
    this.stop();
    this.#followers.forgetPositions();
    this.start();
  }

  /** Does not wait any longer. Called for the user, or when the network is back. */
  retryNow(): void {
    if (this.status.phase !== "waiting") return;
    this.#cancelRetry?.();
    void this.#connect();
  }

  /** The page is looked at again, or the machine woke: what the connection is worth is asked at once. */
  wake(): void {
    this.retryNow();
    if (this.status.phase === "online") this.#act(this.#heartbeat.ask(this.#now()));
  }

  /** Follow a task; returns the function that ends it. A task has one listener: the newest. */
  follow(taskId: string, listener: TaskListener, options?: Partial<SubscriptionOptions>): () => void {
    return this.#followers.follow(taskId, listener, options);
  }

  /** Follow the user's notifications; returns the function that ends it. There is one listener: the newest. */
  followNotifications(listener: NotificationListener): () => void {
    return this.#followers.followNotifications(listener);
  }

  #now(): number {
    return this.#options.clock.now();
  }

  async #connect(): Promise<void> {
    const connection = ++this.#connection;
    this.#startedAt = this.#now();
    this.#setStatus({ phase: "connecting", reason: null, retryAt: null });
    try {
      const ticket = await this.#options.getTicket();
      if (connection === this.#connection) this.#attach(this.#options.openSocket(ticket));
    } catch (error) {
      if (connection === this.#connection) this.#refusedTicket((error ?? {}) as TicketRefusal);
    }
  }

  #refusedTicket({ status, retryAfterMs }: TicketRefusal): void {
    if (status === 401) {
      this.#halt("stopped", "logged_out");
      return;
    }
    this.#retry.hold(retryAfterMs ?? 0);
    this.#wait();
  }

  #attach(socket: SocketLike): void {
    this.#socket = socket;
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#receive(event.data);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket === this.#socket) this.#closed(code, reason);
    };
    socket.onerror = () => {}; // a close follows, with all there is to know
  }

  /** Lets go of the socket at once; a stuck peer would keep `onclose` waiting. */
  #detach(): void {
    const socket = this.#socket;
    this.#connection += 1;
    this.#socket = null;
    this.#followers.closed();
    socket?.close(1000);
  }

  #closed(code: number, reason: string): void {
    const stop = stopReason(code, reason);
    if (stop === null) this.#wait();
    else this.#halt("stopped", stop);
  }

  #wait(): void {
    this.#detach();
    const delay = this.#retry.nextDelay();
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.clock.after(delay, () => void this.#connect());
    this.#setStatus({ phase: "waiting", retryAt: this.#now() + delay });
  }

  #halt(phase: "idle" | "stopped", reason: string | null): void {
    this.#detach();
    this.#cancelRetry?.();
    this.#cancelTick?.();
    this.#setStatus({ phase, reason, retryAt: null });
  }

  #receive(text: unknown): void {
    const frame = parseFrame(text);
    if (frame === null) {
      this.#wait(); // whoever speaks there is not our server
      return;
    }
    this.status.lastFrameAt = this.#now();
    this.#heartbeat.heard(this.status.lastFrameAt);
    this.#handle(frame);
  }

  #handle(frame: ServerFrame): void {
    const handle = this.#handlers[frame.type] as ((frame: ServerFrame) => void) | undefined;
    if (handle !== undefined) handle(frame);
    else if ("task_id" in frame) this.#toTask(frame as TaskFrame); // newer than this client: it has a number all the same
  }

  readonly #toTask = (frame: TaskFrame): void => this.#followers.receiveTask(frame);
  readonly #toFeed = (frame: FeedFrame): void => this.#followers.receiveFeed(frame);

  readonly #handlers: Handlers = {
    connection_established: (frame) => this.#welcomed(frame),
    ping: () => this.#send({ type: "pong" }),
    pong: () => {}, // a sign of life, as every frame is
    error: (frame) => this.#refused(frame),
    reconnect_advice: (frame) => this.#retry.advise(frame),
    token_expiring: (frame) => this.#expiring(frame),
    auth_result: (frame) => this.#renewed(frame),
    admin_broadcast: (frame) => this.#options.listener.onBroadcast(frame),
    status: () => {}, // this client never asks
    topic_result: this.#toFeed,
    notification: this.#toFeed,
    notification_state: this.#toFeed,
    subscription_result: this.#toTask,
    task_snapshot: this.#toTask,
    logs_dropped: this.#toTask,
    task_created: this.#toTask,
    task_started: this.#toTask,
    task_progress: this.#toTask,
    task_stage: this.#toTask,
    violation_detected: this.#toTask,
    finding_changed: this.#toTask,
    task_logs: this.#toTask,
    task_warning: this.#toTask,
    task_error: this.#toTask,
    task_cancelling: this.#toTask,
    task_retrying: this.#toTask,
    task_completed: this.#toTask,
    task_deleted: this.#toTask,
  };

  #welcomed(frame: FrameOf<"connection_established">): void {
    this.#startedAt = this.#now();
    this.tokenExpiresAt = frame.token_expires_at;
    this.serverOffsetMs = Date.parse(frame.server_time) - this.#now();
    this.#followers.opened(frame);
    this.#setStatus({ phase: "online" });
  }

  #expiring(frame: FrameOf<"token_expiring">): void {
    const connection = this.#connection;
    this.#options.clock.after(renewalDelay(frame, this.#options.random()), () => void this.#renew(connection));
  }

  /** Without a fresh token this connection ends with 4001, and coming back shows what is the matter. */
  async #renew(connection: number): Promise<void> {
    if (connection !== this.#connection) return;
    const token = await this.#options.getToken().catch(() => null);
    if (token !== null && connection === this.#connection) this.#send({ type: "auth", token });
  }

  #renewed(frame: FrameOf<"auth_result">): void {
    if (frame.success) this.tokenExpiresAt = frame.expires_at ?? this.tokenExpiresAt;
    else this.#wait(); // another ticket shows whether the session is over
  }

  #refused(frame: FrameOf<"error">): void {
    if (frame.fatal) this.#retry.hold(frame.retry_after_ms ?? 0);
    this.#followers.refuse(frame);
  }

  #send(command: ClientCommand): void {
    this.#socket?.send(JSON.stringify(command));
  }

  #tick(): void {
    this.#cancelTick?.();
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => this.#tick());
    const now = this.#now();
    if (this.status.phase === "connecting" && now - this.#startedAt > CONNECT_TIMEOUT_MS) this.#wait();
    if (this.status.phase !== "online") return;
    if (now - this.#startedAt >= STABLE_MS) this.#retry.reset();
    this.#act(this.#heartbeat.check(now));
    this.#followers.flush();
  }

  #act(pulse: Pulse): void {
    if (pulse === "dead") this.#wait();
    else if (pulse === "ask") this.#send({ type: "ping" });
  }

  #setStatus(changes: Partial<ConnectionStatus>): void {
    this.status = { ...this.status, ...changes };
    this.#options.listener.onStatus(this.status);
  }
}
