/** Which attempt is shown, what became of the newest one, and the way to every other. Nothing while there is one only. */

import { TERMINAL_STATUSES } from "../contract.js";
import { h, setText, show } from "../dom.js";
import { formatMoment } from "../format.js";
import { addressOf } from "../route.js";
import { textOfCode } from "../texts.js";

const RETRY_MS = 5_000;

/** `attempt`: the one that is shown; left out: the live one, and the results that stand. */
export function createAttempts(app, { taskId, attempt = null }) {
  const { t } = app;
  let items = []; // the newest first
  let standing = null; // attempt whose results stand
  let shown = attempt; // whose results are on the page; null: those that stand
  let asked = null; // what the state said at the last read
  let timer = null;
  let disposed = false;

  const line = h("span", { class: "attempts-line" });
  const link = h("a", { href: addressOf({ taskId }), hidden: true });
  const select = h("select", { "aria-label": t("attempts.label"), on: { change: () => { location.hash = select.value; } } });
  const element = h("section", { class: "card attempts", hidden: true, "aria-label": t("attempts.label") }, line, link, select);

  /** Reads anew when the state shows another attempt, or another status. */
  function update(state) {
    if (state.attempt === 1) return; // there is no other
    const signature = `${state.attempt} ${state.status}`;
    if (signature === asked) return;
    asked = signature;
    read();
  }

  async function read() {
    clearTimeout(timer);
    try {
      const found = await app.api.attempts(taskId);
      if (disposed) return;
      items = found.items;
      standing = found.shown_attempt;
      draw();
    } catch (error) {
      if (!disposed && error.status !== 401 && error.status !== 404) timer = setTimeout(read, RETRY_MS);
    }
  }

  function draw() {
    show(element, items.length > 1);
    if (items.length < 2) return;
    const look = describe(t, { taskId, items, standing, shown: attempt ?? shown ?? standing, isLive: attempt === null });
    setText(line, look.text);
    show(link, look.link !== null);
    if (look.link) {
      link.href = look.link.href;
      setText(link, look.link.text);
    }
    select.replaceChildren(...items.map((item) => option(item)));
  }

  function option(item) {
    const isNewest = item === items[0];
    const value = isNewest && attempt === null ? addressOf({ taskId }) : addressOf({ taskId, attempt: item.attempt });
    const selected = attempt === null ? isNewest : holds(item, attempt);
    return h("option", { value, selected }, t("attempts.item", { attempt: String(item.attempt), status: statusOf(t, item), time: formatMoment(item.completed_at ?? item.started_at ?? item.queued_at, t.language) }));
  }

  return {
    element,
    update,
    read,
    setShown(number) {
      shown = number;
      draw();
    },
    dispose() {
      disposed = true;
      clearTimeout(timer);
    },
  };
}

/** Whether a run has this attempt: those after a lost process belong to the run before. */
export function holds(item, attempt) {
  return item.first_attempt <= attempt && attempt <= item.attempt;
}

function statusOf(t, { status, verdict }) {
  return verdict ? textOfCode(t, "verdict", verdict.result) : textOfCode(t, "status", status);
}

/** `{text, link}`: whose results these are, and where the other ones are that one may want. */
function describe(t, { taskId, items, standing, shown, isLive }) {
  const [newest] = items;
  const numbers = { newest: String(newest.attempt), shown: String(shown) };
  if (isLive && !TERMINAL_STATUSES.has(newest.status)) {
    const older = standing === newest.attempt ? items[1].attempt : standing;
    return { text: t("attempts.live", { ...numbers, shown: String(older) }), link: linkTo(t, taskId, older) };
  }
  if (holds(newest, shown)) {
    return { text: t("attempts.results", { ...numbers, shown: numbers.newest }), link: null };
  }
  const code = newest.verdict?.result === "inconclusive" ? "inconclusive" : newest.status;
  const text = t("attempts.older", { ...numbers, what: t(`attempts.${code}`, numbers) });
  if (isLive) return { text, link: linkTo(t, taskId, newest.attempt) };
  return { text, link: { href: addressOf({ taskId }), text: t("attempts.newest") } };
}

function linkTo(t, taskId, attempt) {
  return { href: addressOf({ taskId, attempt }), text: t("attempts.show", { attempt: String(attempt) }) };
}
