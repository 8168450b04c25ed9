/** The one live connection of the page. The only place where Vue meets `realtime/`, beside `useScan`. */

import { defineStore } from "pinia";
import { computed, markRaw, ref, shallowRef, watch } from "vue";

import { RealtimeClient, freshnessOf, socketAddress, systemClock, type FrameOf, type SocketLike, type TaskFrame } from "@/realtime";
import { useTexts } from "@/texts";

import { useAccount } from "./account";

const TICK_MS = 1_000;
const MAX_BROADCASTS = 4;
/** These end one connection; all others that stop say that the session is over. */
const CONNECTION_ALONE: readonly (string | null)[] = ["connection_limit", "closed_by_admin"];
type Broadcast = FrameOf<"admin_broadcast">;

export const useConnection = defineStore("connection", () => {
  const account = useAccount();
  const { language } = useTexts();
  const listeners = new Set<(frame: TaskFrame) => void>();
  const told = new Set<string>(); // broadcasts are said again at each connection
  const broadcasts = shallowRef<Broadcast[]>([]);
  let known: string | null = null; // the access token that the connection was opened or renewed with

  const client = markRaw(new RealtimeClient({
    openSocket: (ticket) => new WebSocket(socketAddress(account.api.base, ticket, language.value)) as SocketLike,
    getTicket,
    getToken,
    clock: systemClock,
    random: Math.random,
    listener: {
      onStatus: (now) => (status.value = now),
      onNotice: (frame) => listeners.forEach((listener) => listener(frame)),
      onBroadcast: show,
    },
  }));
  const status = shallowRef(client.status);
  const now = ref(Date.now());
  setInterval(() => (now.value = Date.now()), TICK_MS);

  const isOnline = computed(() => status.value.phase === "online");
  /** The newest status is an object of its own only when its phase changes; age is read from the client. */
  const freshness = computed(() => freshnessOf({ ...status.value, lastFrameAt: client.status.lastFrameAt }, now.value));
  /** The server's clock in ms; it stands still while the connection is cut, as everything that is shown does. */
  const serverNow = computed<number>((before) => {
    if (account.link !== null) return now.value; // there is no connection, and the state is asked for
    return isOnline.value ? now.value + client.serverOffsetMs : (before ?? now.value);
  });

  async function getTicket(): Promise<string> {
    const ticket = await account.api.ticket();
    known = account.api.session.current?.access ?? null;
    return ticket;
  }

  /** Another token than the connection knows: one that another tab has got already will do. */
  async function getToken(): Promise<string> {
    known = await account.api.session.token(known);
    return known;
  }

  function show(broadcast: Broadcast): void {
    if (told.has(broadcast.broadcast_id)) return;
    told.add(broadcast.broadcast_id);
    broadcasts.value = [...broadcasts.value, broadcast].slice(-MAX_BROADCASTS);
  }

  function dismiss(broadcastId: string): void {
    broadcasts.value = broadcasts.value.filter(({ broadcast_id }) => broadcast_id !== broadcastId);
  }

  /** Notices of tasks that are not followed; returns what ends it. */
  function onNotice(listener: (frame: TaskFrame) => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** At once, for the user. */
  function retry(): void {
    if (status.value.phase === "stopped") client.start();
    else client.retryNow();
  }

  watch(() => account.username, (name) => (name === null ? client.stop() : client.start()), { immediate: true });
  watch(language, () => client.restart()); // frames come in the language that the connection was opened with
  watch(status, ({ phase, reason }) => {
    if (phase !== "stopped" || CONNECTION_ALONE.includes(reason)) return;
    account.api.session.end(reason === "user_disabled" ? "user_disabled" : "invalid_token");
  });
  addEventListener("online", () => client.wake());
  addEventListener("pageshow", (event) => { if (event.persisted) client.wake(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) client.wake(); });

  return { client, status, freshness, serverNow, isOnline, broadcasts, dismiss, onNotice, retry };
});
