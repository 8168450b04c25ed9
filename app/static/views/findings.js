/** The findings of a scan that has ended, the worst first: what somebody has to act on, each with its evidence. */

import { h, setText, show } from "../dom.js";
import { errorText } from "../errors.js";
import { findingItem } from "./evidence/parts.js";

/** `onShown(findings, attempt)` hears what is shown, all of it, and whose it is. */
export function createFindings(app, scope, { onShown = () => {} } = {}) {
  const { t } = app;
  let wanted = null; // what the state said at the last read
  let pages = 0; // that are shown
  let shown = []; // findings
  let emptyText = "findings.empty_done";
  let failed = false;
  let disposed = false;

  const count = h("span", { class: "count" });
  const list = h("ol", { class: "finding-list" });
  const note = h("p", { class: "state small" }, t("app.loading"));
  const retry = h("button", { class: "quiet bordered small", type: "button", hidden: true, on: { click: () => read(pages + 1) } }, t("app.retry"));
  const more = h("button", { class: "quiet bordered small", type: "button", hidden: true, on: { click: () => read(pages + 1) } });
  const element = h("section", { class: "card findings-card", hidden: true, "aria-labelledby": "findings-title" },
    h("div", { class: "section-head" }, h("h2", { id: "findings-title" }, t("findings.title"), " ", count)),
    note, retry, list, more,
  );

  /** Reads when the scan has ended, and anew when it has ended once more. */
  function update(state) {
    show(element, state.ended);
    if (!state.ended) {
      wanted = null;
      return;
    }
    emptyText = emptyTextOf(state);
    const signature = [state.attempt, state.status].join(":");
    if (signature === wanted) return;
    wanted = signature;
    read(1);
  }

  async function read(page) {
    failed = false;
    more.disabled = true;
    show(retry, false);
    const asked = wanted;
    try {
      const found = await app.api.listIn(scope, "findings", { page });
      if (!disposed && asked === wanted) take(page, found);
    } catch (error) {
      if (!disposed && asked === wanted) fail(error);
    }
    more.disabled = false;
  }

  function take(page, found) {
    const { items, total } = found;
    if (page === 1) list.replaceChildren();
    list.append(...items.map((finding) => findingItem({ t, scope }, finding)));
    pages = page;
    shown = page === 1 ? items : [...shown, ...items];
    setText(count, total ? String(total) : "");
    setText(note, t(emptyText));
    show(note, total === 0);
    show(more, shown.length < total);
    setText(more, t("findings.more", { count: total - shown.length }));
    onShown(shown, found.attempt);
  }

  function fail(error) {
    failed = true;
    setText(note, `${t("findings.failed")}: ${errorText(t, error)}`);
    show(note, true);
    show(retry, true);
  }

  return {
    element,
    update,
    /** What could not be read is read again as soon as the server is back. */
    onOnline() {
      if (failed) read(pages + 1);
    },
    dispose() {
      disposed = true;
    },
  };
}

function emptyTextOf(state) {
  if (state.verdict?.result === "inconclusive") return "findings.empty_inconclusive";
  return state.status === "completed" ? "findings.empty_done" : "findings.empty_stopped";
}
