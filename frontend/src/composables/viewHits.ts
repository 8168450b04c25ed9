/** The views of the page by their names, for its search. */

import type { RouteLocationRaw } from "vue-router";

import { ADMIN_SECTIONS } from "@/adminSections";
import { NOTIFICATION_SECTIONS } from "@/notificationSections";
import type { TextKey, Texts } from "@/texts";

import { hit, type Hit } from "./useSearch";

interface NamedView {
  /** Of its title, that of the view it is a part of first. */
  titles: TextKey[];
  to: RouteLocationRaw;
  /** Another word for it. */
  also?: TextKey;
}

const VIEWS: readonly NamedView[] = [
  { titles: ["overview.title"], to: "/overview" },
  { titles: ["sites.title"], to: "/sites" },
  { titles: ["tasks.title"], to: "/scans" },
  { titles: ["orders.title"], to: "/orders" },
  { titles: ["inventory.nav"], to: "/third-parties" },
  { titles: ["review.title"], to: "/review" },
  { titles: ["profile.title"], to: "/profile" },
  ...NOTIFICATION_SECTIONS.map((section): NamedView => ({ titles: ["feed.title", `notify.${section}`], to: { name: "notifications", params: { section } } })),
];
const ADMIN_VIEWS: readonly NamedView[] = ADMIN_SECTIONS.map((section): NamedView => ({
  titles: ["admin.title", `admin.${section}`], to: { name: "admin", params: { section } }, ...(section === "configuration" ? { also: "search.settings" as const } : {}),
}));

/** Those whose title contains the words, or another word for them. */
export function viewHits({ t }: Texts, words: string, isAdmin: boolean): Hit[] {
  const sought = words.toLowerCase();
  return [...VIEWS, ...(isAdmin ? ADMIN_VIEWS : [])].flatMap(({ titles, to, also }) => {
    const title = titles.map((key) => t(key)).join(" › ");
    const isFound = `${title}\n${also === undefined ? "" : t(also)}`.toLowerCase().includes(sought);
    return isFound ? [hit("views", titles.join(" "), title, to)] : [];
  });
}
