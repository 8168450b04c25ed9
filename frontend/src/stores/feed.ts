/**
 * What the user was notified of, as far as the bell shows it: the newest ones, and how many are unread, in all tabs.
 *
 * Read when a notice of a task arrives, when the connection is back, when this tab is looked at again, and now and then.
 */

import { defineStore } from "pinia";
import { computed, shallowRef, watch } from "vue";

import type { NotificationPage } from "@/generated/rest";

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
  let soon: ReturnType<typeof setTimeout> | undefined;

  async function read(): Promise<void> {
    const asked = account.username;
    try {
      const found = await account.api.call("GET /api/v1/notifications", { query: { limit: SHOWN } });
      if (asked !== account.username) return;
      page.value = found;
      failure.value = null;
    } catch (error) {
      if (asked === account.username) failure.value = error;
    }
  }

  /** Marks single ones as read, or all up to the newest that is known here. */
  async function markRead(seqs?: number[]): Promise<void> {
    const body = seqs === undefined ? { up_to: page.value?.last_seq ?? 0 } : { seqs };
    await account.api.call("POST /api/v1/notifications/read", { body });
    await read();
  }

  function readIfLookedAt(): void {
    if (account.username !== null && document.visibilityState === "visible") void read();
  }

  function readSoon(): void {
    soon ??= setTimeout(() => {
      soon = undefined;
      void read();
    }, SETTLE_MS);
  }

  watch(() => account.username, () => {
    page.value = null;
    failure.value = null;
    readIfLookedAt();
  }, { immediate: true });
  watch(() => connection.isOnline, (isOnline) => { if (isOnline) readIfLookedAt(); });
  connection.onNotice(readSoon);
  setInterval(readIfLookedAt, EVERY_MS);
  document.addEventListener("visibilitychange", readIfLookedAt);
  return { page, failure, unread, read, markRead };
});
