/** One finding, third party or page of a scan: what stands around it while it is read, and when that fails. */

import { h, icon, show } from "../dom.js";
import { errorText } from "../errors.js";
import { addressOf } from "../route.js";
import { createContents } from "./evidence/contents.js";
import { drawFinding } from "./evidence/finding.js";
import { drawPage } from "./evidence/page.js";
import { drawParty } from "./evidence/party.js";

const DRAW = { findings: drawFinding, "third-parties": drawParty, pages: drawPage };

/** `route`: of `parseRoute`, a detail's. */
export function createDetailView(app, route) {
  const { t } = app;
  const scope = { taskId: route.taskId, attempt: route.attempt };
  const contents = createContents(app, scope);
  const note = h("div", { class: "state" });
  const body = h("div", { class: "detail", hidden: true });
  const element = h("div", { class: "task" },
    h("a", { class: "back", href: addressOf(scope) }, icon("back"), t("detail.back")),
    note, body,
  );
  let failed = false;
  let disposed = false;

  async function read() {
    failed = false;
    showNote(h("div", { class: "skeleton tall" }), h("div", { class: "skeleton" }), h("p", { class: "muted" }, t("app.loading")));
    try {
      const found = await app.api.detailIn(scope, route.kind, route.key);
      if (!disposed) take(found);
    } catch (error) {
      if (!disposed) fail(error);
    }
  }

  function take(found) {
    const { title, parts } = DRAW[route.kind]({ app, t, scope, contents }, found);
    app.setTitle(title);
    body.replaceChildren(...parts.filter(Boolean));
    show(note, false);
    show(body, true);
  }

  function fail(error) {
    failed = error.status !== 404;
    if (failed) {
      const again = h("button", { class: "primary", type: "button", on: { click: read } }, t("app.retry"));
      showNote(h("h1", {}, t("detail.failed")), h("p", {}, errorText(t, error)), again);
    } else {
      showNote(h("h1", {}, t("detail.gone_title")), h("p", {}, t("detail.gone")));
    }
  }

  function showNote(...parts) {
    note.replaceChildren(...parts);
    show(note, true);
    show(body, false);
  }

  read();
  return {
    element,
    taskId: route.taskId,
    /** What could not be read is read again as soon as the server is back. */
    onStatus(status) {
      if (failed && status.phase === "online") read();
    },
    dispose() {
      disposed = true;
      contents.dispose();
    },
  };
}
