/** Views of the list of scans that a user gave a name: in this browser, for each user apart. */

import { viewOf, type View } from "./scanAddress";

export const MAX_VIEWS = 12;
export const MAX_NAME = 40;
const PREFIX = "compliance.views.";

export interface SavedView {
  name: string;
  view: View;
}

/** Those of the user, by name. What cannot be read, or was not written by this page, counts as none. */
export function readViews(storage: Pick<Storage, "getItem">, username: string): SavedView[] {
  const stored = parse(storage, username);
  const views = Array.isArray(stored) ? stored.slice(0, MAX_VIEWS).flatMap(savedViewOf) : [];
  return views.sort((one, other) => one.name.localeCompare(other.name));
}

/** The user's views with this one, in the place of one of the same name. */
export function withView(views: readonly SavedView[], added: SavedView): SavedView[] {
  return [...views.filter(({ name }) => name !== added.name), added].sort((one, other) => one.name.localeCompare(other.name));
}

/** Whether they could be written: a browser may be told to keep nothing, or be full. */
export function writeViews(storage: Pick<Storage, "setItem">, username: string, views: readonly SavedView[]): boolean {
  try {
    storage.setItem(PREFIX + username, JSON.stringify(views));
    return true;
  } catch {
    return false; // said to the reader by the caller
  }
}

export function isViewsKey(key: string | null, username: string): boolean {
  return key === null || key === PREFIX + username; // null: all was removed
}

function parse(storage: Pick<Storage, "getItem">, username: string): unknown {
  try {
    return JSON.parse(storage.getItem(PREFIX + username) ?? "[]");
  } catch {
    return [];
  }
}

function savedViewOf(stored: unknown): SavedView[] {
  if (typeof stored !== "object" || stored === null) return [];
  const { name, view } = stored as Record<string, unknown>;
  if (typeof name !== "string" || name === "" || typeof view !== "object" || view === null) return [];
  return [{ name: name.slice(0, MAX_NAME), view: viewOf(view as Record<string, unknown>) }];
}
