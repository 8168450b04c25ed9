/** Who is signed in, and the calls made in that name. */

import { defineStore } from "pinia";
import { markRaw, ref, shallowRef, watch } from "vue";

import { Api } from "@/api/client";
import type { ApiError } from "@/api/problem";
import { sharedLinkOf } from "@/api/sharedLink";
import { useTexts } from "@/texts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const TOO_MANY = 429;
const SERVER_ERROR = 500;

export const useAccount = defineStore("account", () => {
  /** The link by which the page is read, until it is loaded anew; null: the reader signs in. */
  const link = sharedLinkOf(location.hash);
  const channel = link !== null || typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("compliance.page");
  const base = new URL("./", document.baseURI).href;
  const session = { marks: localStorage, channel };
  const api = markRaw(new Api({ base, session, link: link?.token ?? null })); // private fields bear no proxy
  const { language } = useTexts();
  watch(language, (chosen) => (api.language = chosen), { immediate: true });

  const username = ref<string | null>(null);
  /** Why the last session ended: a code, "" when the user wanted it, null when there was none. */
  const endedBy = ref<string | null>(null);
  /** Whether it is known if the browser has a session; why not yet. */
  const isRestored = ref(false);
  const failure = shallowRef<unknown>(null);
  let retryNow: () => void = () => {};

  api.session.onBegin = (name) => {
    username.value = name;
    endedBy.value = null;
  };
  api.session.onEnd = (code) => {
    username.value = null;
    endedBy.value = code ?? "";
  };
  api.session.onReplaced = () => location.reload(); // nothing of the session before stays in memory

  /** Asks until somebody can say: nobody types a password because the network was away. */
  async function restore(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      failure.value = await api.session.restore().then(() => null, (error: unknown) => error);
      if (failure.value === null || !isPassing(failure.value as ApiError)) break;
      await new Promise<void>((resolve) => {
        retryNow = resolve;
        setTimeout(resolve, pauseMs);
      });
    }
    isRestored.value = true;
  }

  let restoring: Promise<void> | null = link === null ? null : Promise.resolve();
  /** Settles when it is known whether the browser has a session; it is asked once, and never for who reads by a link. */
  function whenRestored(): Promise<void> {
    restoring ??= restore();
    return restoring;
  }

  /** At once, for the user. */
  function retry(): void {
    retryNow();
  }

  addEventListener("online", retry);
  return { api, link, username, endedBy, isRestored, failure, whenRestored, retry, signIn: api.signIn.bind(api) };
});

/** It may go by itself: no answer, too much at once, a server that is being started. */
function isPassing({ status }: ApiError): boolean {
  return status === 0 || status === TOO_MANY || status >= SERVER_ERROR;
}
