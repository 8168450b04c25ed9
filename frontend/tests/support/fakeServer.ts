/**
 * A server of the protocol on a real socket: logs of tasks, positions, epochs and notices, and what goes wrong on the way
 * when a test says so.
 */

import { once } from "node:events";
import type { AddressInfo } from "node:net";

import { WebSocketServer, type WebSocket } from "ws";

import { NO_VIOLATIONS } from "@/generated/contract";
import type { LogLine, SnapshotViolations } from "@/generated/frames";
import { TaskState, type FollowedFrame, type TaskEvent } from "@/realtime";

import { TASK, established, snapshot } from "./frames";

type Command = { type: string; id?: string; task_id: string; last_seq?: number; epoch?: string };

export class FakeServer {
  epoch = "0";
  /** Frames that get lost on the way to the client: the next so many of the followed task. */
  dropping = 0;
  /** Whether commands get no answer. */
  deaf = false;
  connections = 0;
  replays = 0;
  snapshots = 0;
  #log: TaskEvent[] = [];
  #server: WebSocketServer;
  /** Sockets, and the position of the task there; null: it is not followed. */
  #sockets = new Map<WebSocket, number | null>();

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket) => this.#welcome(socket));
  }

  static async start(): Promise<FakeServer> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    return new FakeServer(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get head(): number {
    return this.#log.length;
  }

  /** Writes an event, made for its number, and tells everybody. */
  write(make: (seq: number) => TaskEvent): void {
    this.#log.push(make(this.head + 1));
    for (const socket of this.#sockets.keys()) this.#send(socket);
  }

  /** The database goes back to a backup: the end of the log is gone, and its numbers begin anew. */
  restore(epoch: string, head: number): void {
    this.epoch = epoch;
    this.#log = this.#log.slice(0, head);
    this.cut();
  }

  /** Cuts every connection without a word. */
  cut(): void {
    for (const socket of this.#sockets.keys()) socket.terminate();
    this.#sockets.clear();
  }

  /** What a fresh snapshot says. */
  state(): TaskState {
    const state = new TaskState(snapshot(0, { epoch: this.epoch }));
    for (const event of this.#log) state.apply(event);
    return state;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #welcome(socket: WebSocket): void {
    this.connections += 1;
    this.#sockets.set(socket, null);
    socket.on("error", () => {});
    socket.on("message", (data) => this.#command(socket, JSON.parse(String(data))));
    socket.send(JSON.stringify(established(this.epoch)));
  }

  #command(socket: WebSocket, command: Command): void {
    if (this.deaf || !this.#sockets.has(socket)) return;
    if (command.type === "ping") socket.send(JSON.stringify({ type: "pong", timestamp: "", ping_count: 1 }));
    if (command.type === "unsubscribe_task") this.#answer(socket, command, "unsubscribe", {}, null);
    if (command.type === "subscribe_task") this.#place(socket, command, "subscribe");
    if (command.type === "resume") this.#place(socket, command, "resume");
  }

  #place(socket: WebSocket, command: Command, action: string): void {
    const { last_seq: last, epoch = "0" } = command;
    if (last !== undefined && epoch === this.epoch && last <= this.head) {
      this.replays += 1;
      this.#answer(socket, command, action, { recovered: true, seq: last, replayed: this.head - last }, last);
      this.#send(socket);
      return;
    }
    this.snapshots += 1;
    const reason = last === undefined ? {} : { recovered: false, reason: epoch === this.epoch ? "ahead_of_log" : "epoch" };
    this.#answer(socket, command, action, { ...reason, seq: this.head }, this.head);
    socket.send(JSON.stringify(snapshotOf(this.state(), this.epoch)));
  }

  #answer(socket: WebSocket, command: Command, action: string, more: object, position: number | null): void {
    const { id, task_id } = command;
    const common = { type: "subscription_result", timestamp: "", task_id, action, success: true, epoch: this.epoch, id };
    this.#sockets.set(socket, position);
    socket.send(JSON.stringify({ ...common, ...more }));
  }

  /** Sends what is new behind the position of a follower. */
  #send(socket: WebSocket): void {
    let position = this.#sockets.get(socket) ?? null;
    while (position !== null && position < this.head) {
      const event = { ...this.#log[position]!, prev_seq: position };
      position += 1;
      this.#sockets.set(socket, position);
      if (this.dropping > 0) this.dropping -= 1;
      else socket.send(JSON.stringify(event));
    }
  }
}

function snapshotOf(state: TaskState, epoch: string): FollowedFrame {
  const recent = [...state.violations.values()].reverse().map(({ violation_id, finding_id, created_at, ...violation }) => ({
    violation, violation_id, finding_id, violation_key: violation.violation_key, needs_review: violation.needs_review, created_at,
  }));
  return snapshot(state.seq, {
    task_id: TASK, epoch, status: state.status, attempt: state.attempt, progress: state.progress,
    stage_key: state.stageKey, stages: state.stages, statistics: state.statistics,
    violations: { ...(state.counts as Omit<SnapshotViolations, "recent">), recent }, findings: { ...NO_VIOLATIONS, ...state.findingCounts }, log_counts: state.logCounts, logs: state.logs as LogLine[],
    warnings: state.warnings, worker: state.worker, verdict: state.verdict, completed_at: state.completedAt,
  });
}
