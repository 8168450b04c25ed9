/** Who is signed in, and the calls made in that name. */

import { defineStore } from "pinia";
import { markRaw, ref, watch } from "vue";

import { Api } from "@/api/client";
import { useTexts } from "@/texts";

export const useAccount = defineStore("account", () => {
  const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("compliance.session");
  const base = new URL("../", document.baseURI).href;
  const api = markRaw(new Api({ base, session: { storage: sessionStorage, channel } })); // private fields bear no proxy
  const { language } = useTexts();
  watch(language, (chosen) => (api.language = chosen), { immediate: true });

  const username = ref(api.session.current?.username ?? null);
  /** Why the last session ended: a code, "" when the user wanted it, null when there was none. */
  const endedBy = ref<string | null>(null);

  api.session.onEnd = (code) => {
    username.value = null;
    endedBy.value = code ?? "";
  };

  async function signIn(name: string, password: string): Promise<void> {
    await api.signIn(name, password);
    username.value = name;
    endedBy.value = null;
  }

  return { api, username, endedBy, signIn };
});
