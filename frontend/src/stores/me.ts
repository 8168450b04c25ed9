/** What the server knows of who is signed in: the role decides which views are offered, the server what is allowed. */

import { defineStore } from "pinia";
import { computed, shallowRef, watch } from "vue";

import type { UserResponse } from "@/generated/rest";

import { useAccount } from "./account";
import { useConnection } from "./connection";

export const useMe = defineStore("me", () => {
  const account = useAccount();
  const connection = useConnection();
  const user = shallowRef<UserResponse | null>(null);
  const failure = shallowRef<unknown>(null);
  const isAdmin = computed(() => user.value?.role === "admin");
  const isViewer = computed(() => user.value?.role === "viewer");
  /** Who sees the scans of everybody, and starts none. */
  const isReader = computed(() => isViewer.value || user.value?.role === "reviewer");
  /** Whether to offer what changes something beyond the reader's own account and findings; never to who reads by a link. */
  const mayChange = computed(() => account.link === null && !isReader.value);
  /** Whether to offer to decide, assign and comment. */
  const mayReview = computed(() => account.link === null && !isViewer.value);

  async function read(): Promise<void> {
    const asked = account.username;
    failure.value = null;
    try {
      const found = await account.api.call("GET /api/v1/auth/me");
      if (asked === account.username) user.value = found;
    } catch (error) {
      if (asked === account.username) failure.value = error;
    }
  }

  watch(() => account.username, (name) => {
    user.value = null;
    if (name !== null) void read();
  }, { immediate: true });
  watch(() => connection.isOnline, (isOnline) => { if (isOnline && failure.value !== null) void read(); });
  return { user, failure, isAdmin, isReader, mayChange, mayReview, read };
});
