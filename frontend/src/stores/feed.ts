/**
 * What the user was notified of, as far as the bell shows it: the newest ones, and how many are unread, in all tabs.
 *
 * They come over the live connection. While they do not, they are read now and then, when a notice of a task arrives, and
 * when this tab is looked at again.
 */

import { defineStore } from "pinia";
import { computed, shallowRef, watch } from "vue";

import type { NotificationPage, NotificationResponse } from "@/generated/rest";
import type { FrameOf } from "@/realtime";

import { useAccount } from "./account";
import { useConnection } from "./connection";

const SHOWN = 8;
const EVERY_MS = 30_000;
const SETTLE_MS = 2_500; // from an event to its notification

export const useFeed = defineStore("feed", () => {
  const account = useAccount();
  const connection = useConnection();
  const page = shallowRef<NotificationPage | null>(null);
  const failure = shallowRef<unknown>(null);
  const unread = computed(() => page.value?.unread ?? 0);
  let reads = 0;
  let soon: ReturnType<typeof setTimeout> | undefined;
  let isFollowed = false; // over the connection
  let arrived: NotificationResponse[] = []; // behind those of the page, newest first, until the state of all is known
  let told: FrameOf<"notification_state"> | null = null; // the newest state that the connection told

  async function read(): Promise<void> {
    const [asked, number] = [account.username, (reads += 1)];
    const toldBefore = told;
    const isNewest = () => asked === account.username && number === reads;
    try {
      const found = await account.api.call("GET /api/v1/notifications", { query: { limit: SHOWN } });
      if (!isNewest()) return;
      page.value = found;
      failure.value = null;
      if (told !== toldBefore && isBehind(found)) void read();
    } catch (error) {
      if (isNewest()) failure.value = error;
    }
  }

  /** Marks single ones as read, or all up to the newest that is known here. */
  async function markRead(seqs?: number[]): Promise<void> {
    const body = seqs === undefined ? { up_to: page.value?.last_seq ?? 0 } : { seqs };
    const state = await account.api.call("POST /api/v1/notifications/read", { body });
    if (page.value?.read_revision !== state.read_revision) await read();
  }

  function isBehind(known: NotificationPage): boolean {
    return told !== null && (told.seq > known.last_seq || told.read_revision > known.read_revision);
  }

  /** Takes what has arrived; reads the page when some were marked as read, since only it says which, or one is missing. */
  function take(state: FrameOf<"notification_state">): void {
    const [known, fresh] = [page.value, arrived];
    told = state;
    arrived = [];
    if (known === null) return; // it is being read
    if (state.read_revision < known.read_revision || state.seq < known.last_seq) return; // the page is newer
    const added = fresh.filter(({ seq }) => seq > known.last_seq);
    const isWhole = added.length === SHOWN || (added.at(-1)?.seq ?? state.seq + 1) === known.last_seq + 1;
    if (state.read_revision > known.read_revision || !isWhole) {
      void read();
      return;
    }
    const items = [...added, ...known.items].slice(0, SHOWN);
    page.value = { items, last_seq: state.seq, unread: state.unread, read_revision: state.read_revision };
  }

  function beginAnew(): void {
    arrived = [];
    told = null;
    void read();
  }

  function readIfNeeded(): void {
    const isNeeded = !isFollowed || failure.value !== null;
    if (account.username !== null && isNeeded && document.visibilityState === "visible") void read();
  }

  function readSoon(): void {
    soon ??= setTimeout(() => {
      soon = undefined;
      readIfNeeded();
    }, SETTLE_MS);
  }

  watch(() => account.username, () => {
    page.value = null;
    failure.value = null;
    arrived = [];
    told = null;
    readIfNeeded();
  }, { immediate: true });
  connection.client.followNotifications({
    onNotification: ({ notification }) => (arrived = [notification as NotificationResponse, ...arrived].slice(0, SHOWN)),
    onState: take,
    onReset: beginAnew,
    onFollowed: (now) => (isFollowed = now),
  });
  connection.onNotice(readSoon);
  setInterval(readIfNeeded, EVERY_MS);
  document.addEventListener("visibilitychange", readIfNeeded);
  return { page, failure, unread, read, markRead };
});
