/**
 * A page that is open while the server is upgraded: the views that it has not loaded yet are gone from there, and a link
 * to one would do nothing. Then the page of the new version is loaded, at the view that was asked for.
 */

import type { Router } from "vue-router";

const MARK = "compliance.upgraded"; // when this tab was last loaded anew for it; no secret
const PAUSE_MS = 10_000; // while several servers are upgraded one after the other, their pages do not go with each other

export interface UpgradeOptions {
  /** What loads this page, as the document names it. */
  entry: string | null;
  marks: Pick<Storage, "getItem" | "setItem">;
  load(address: string): void;
  now?: () => number;
}

/** Begins to watch the router's failures. An unreachable server changes nothing: the view is asked for again then. */
export function followUpgrades(router: Router, { entry, marks, load, now = Date.now }: UpgradeOptions): void {
  router.onError(async (_error, to) => {
    if (entry === null || now() - Number(marks.getItem(MARK)) < PAUSE_MS || !(await isReplaced(entry))) return;
    marks.setItem(MARK, String(now()));
    load(router.resolve(to.fullPath).href);
  });
}

/** The script that the document at hand was made of. */
export function entryOf(page: ParentNode): string | null {
  return page.querySelector("script[type=module][src]")?.getAttribute("src") ?? null;
}

/** `href`: of this page; another `#` alone would load nothing. */
export function loadAnew(href: string): void {
  history.pushState(null, "", href);
  location.reload();
}

/** Whether the server has a page now that begins with another script. */
async function isReplaced(entry: string): Promise<boolean> {
  const answer = await fetch("./", { cache: "no-store" }).catch(() => null);
  return answer?.ok === true && !(await answer.text()).includes(entry);
}
