import { RealtimeClient, TaskState, socketAddress, systemClock, type SocketLike } from "../src/realtime";

/** Says how a scan goes on, until it has ended. `base`: "http://HOST/"; `token`: an access token of POST auth/login. */
export function watch(base: string, token: string, taskId: string, say: (line: string) => void): Promise<TaskState> {
  const client = new RealtimeClient({
    openSocket: (ticket) => new WebSocket(socketAddress(base, ticket, "en")) as SocketLike,
    getTicket: async () => {
      const headers = { Authorization: `Bearer ${token}` };
      const answer = await fetch(`${base}api/v1/monitor/ws/ticket`, { method: "POST", headers });
      if (!answer.ok) throw { status: answer.status };
      return (await answer.json()).ticket;
    },
    getToken: async () => token, // a page renews it here
    clock: systemClock,
    random: Math.random,
    listener: { onStatus: ({ phase }) => say(phase), onNotice() {}, onBroadcast() {} },
  });
  client.start();
  return new Promise((resolve, reject) => {
    let state: TaskState | null = null;
    client.follow(taskId, {
      onFrame(frame) {
        if (frame.type === "task_snapshot") state = new TaskState(frame);
        else if (frame.type !== "task_deleted") state?.apply(frame);
        if (state === null) return;
        say(`${state.progress} % ${frame.type}, ${state.counts.total} violations`);
        if (!state.ended) return;
        client.stop();
        resolve(state);
      },
      onLost: reject,
    });
  });
}
