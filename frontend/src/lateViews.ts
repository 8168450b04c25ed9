/** A view that could not be loaded while the server was away: it comes when the connection is back. */

import { watch } from "vue";
import type { Router } from "vue-router";

/** Goes to the view that was asked for last and did not come, once it is `isOnline`; not when the reader went elsewhere since. */
export function followLateViews(router: Router, isOnline: () => boolean): void {
  let wanted: string | null = null;
  router.onError((_error, to) => (wanted = to.fullPath));
  router.afterEach((_to, _from, failure) => { if (failure === undefined) wanted = null; });
  watch(isOnline, (isBack) => {
    if (isBack && wanted !== null) void router.push(wanted).catch(() => null); // it is wanted still
  });
}
