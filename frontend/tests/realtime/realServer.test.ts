/** The client before the real server, with a scan of the test internet: through its death, and in another language. */

import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { WebSocket } from "ws";

import {
  RealtimeClient, TaskState, socketAddress, systemClock, type FollowedFrame, type SocketLike, type TaskFrame,
} from "@/realtime";

import { watch } from "../../examples/watch";
import { RealServer } from "../support/realServer";

const TARGET = "corp.test";
const SCAN_MS = 240_000; // 20 to 60 s on an idle machine

let server: RealServer;

beforeAll(async () => {
  server = await RealServer.start();
}, SCAN_MS);

afterAll(async () => {
  await server.stop();
}, 60_000);

function connect(lang: string) {
  const notices: TaskFrame[] = [];
  const phases: string[] = [];
  const client = new RealtimeClient({
    openSocket: (ticket) => new WebSocket(socketAddress(server.base, ticket, lang)) as unknown as SocketLike,
    getTicket: () => server.ticket(),
    getToken: () => server.signIn(),
    clock: systemClock,
    random: Math.random,
    listener: {
      onStatus: ({ phase }) => { if (phases.at(-1) !== phase) phases.push(phase); },
      onNotice: (frame) => notices.push(frame),
      onBroadcast() {},
    },
  });
  client.start();
  return { client, notices, phases };
}

function follow(client: RealtimeClient, taskId: string) {
  const seen = { state: null as TaskState | null, messages: [] as string[], violations: [] as string[], snapshots: 0 };
  client.follow(taskId, {
    onFrame(frame: FollowedFrame) {
      if (frame.type === "task_snapshot") {
        seen.state = new TaskState(frame);
        seen.snapshots += 1;
      } else if (frame.type !== "task_deleted") seen.state?.apply(frame);
      if (frame.type === "task_progress") seen.messages.push(frame.message);
      if (frame.type === "violation_detected") seen.violations.push(frame.violation_id);
    },
    onLost: (code) => { throw new Error(code); },
  });
  return seen;
}

test("a scan is followed through the death of the server, and the state is what REST says", async () => {
  const english = connect("en");
  const listener = connect("zh-CN"); // follows nothing
  await vi.waitFor(() => expect(listener.client.status.phase).toBe("online"), { timeout: 20_000 });
  const task = await server.call("POST /api/v1/tasks", {}, {
    target_domain: TARGET, config: { screenshots: false },
  });
  const seen = follow(english.client, task.id);
  await vi.waitFor(() => expect(seen.violations.length).toBeGreaterThan(0), { timeout: SCAN_MS });
  await server.kill();
  await vi.waitFor(() => expect(english.phases.at(-1)).not.toBe("online"), { timeout: 20_000 });
  await server.start();
  await vi.waitFor(() => expect(seen.state?.ended).toBe(true), { timeout: SCAN_MS, interval: 200 });

  await server.signIn();
  const { violations: counts, findings, ...rest } = await server.call("GET /api/v1/monitor/tasks/{task_id}/status", { task_id: task.id });
  const { state } = seen;
  expect(state).toMatchObject({
    status: "completed", seq: rest.seq, attempt: rest.attempt, progress: 100, stages: rest.stages, statistics: rest.statistics,
    verdict: rest.verdict, warnings: rest.warnings, logCounts: rest.log_counts, completedAt: rest.completed_at,
  });
  const { recent, ...numbers } = counts;
  expect(state?.counts).toEqual(numbers);
  expect(state?.findingCounts).toEqual(findings);
  expect(recent.length).toBeGreaterThan(0);
  const shown = recent.map(({ violation_id: id, finding_id, violation }) => ({ violation_id: id, finding_id, risk_level: violation.risk_level }));
  expect(shown.map(({ violation_id: id }) => state?.violations.get(id))).toMatchObject(shown); // as the findings ended
  expect(new Set(seen.violations).size).toBe(seen.violations.length); // no row twice
  expect(english.phases.filter((phase) => phase === "online").length).toBeGreaterThan(1);
  expect(seen.messages.filter((message) => /[\u4e00-\u9fff]/.test(message))).toEqual([]); // the reader's language

  const types = listener.notices.filter((frame) => frame.task_id === task.id).map((frame) => frame.type);
  expect(types.slice(0, 2)).toEqual(["task_created", "task_started"]);
  english.client.stop();
  listener.client.stop();

  const said: string[] = [];
  const watched = await watch(server.base, await server.signIn(), task.id, (line) => said.push(line)); // of docs/client.md
  expect(watched).toMatchObject({ status: "completed", seq: rest.seq });
  expect(said.at(-1)).toBe("idle");
  expect(said.some((line) => line.startsWith("100 % task_snapshot"))).toBe(true);
}, SCAN_MS);

test("a connection outlives its token: it is renewed with another one", async () => {
  const { client, phases } = connect("en");
  await vi.waitFor(() => expect(client.tokenExpiresAt).not.toBeNull(), { timeout: 20_000 });
  const first = Date.parse(client.tokenExpiresAt!);
  await vi.waitFor(() => expect(Date.parse(client.tokenExpiresAt!)).toBeGreaterThan(first), { timeout: 60_000 });
  expect(phases).toEqual(["connecting", "online"]);
  client.stop();
}, 90_000);

test("a task of nobody is lost with the reason", async () => {
  const { client } = connect("en");
  const lost: string[] = [];
  client.follow("019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10", { onFrame() {}, onLost: (code) => lost.push(code) });
  await vi.waitFor(() => expect(lost).toEqual(["not_found"]), { timeout: 20_000 });
  client.stop();
}, 60_000);
