/** The numbers of a scan. */

import { h, setAttribute, setText } from "../dom.js";
import { formatDuration, secondsBetween } from "../format.js";

export function createStatistics(t) {
  const tiles = {};
  const tile = (name) => {
    const value = h("dd", {});
    tiles[name] = h("div", { class: "tile", data: { name } }, h("dt", {}, t(`stat.${name}`)), value);
    tiles[name].value = value;
    return tiles[name];
  };
  const names = ["subdomains", "pages", "third_parties", "violations", "duration", "trouble"];
  const element = h("section", { "aria-label": t("task.statistics") }, h("dl", { class: "tiles" }, names.map(tile)));
  const numbers = new Intl.NumberFormat(t.language);

  function set(name, text, alarm = false) {
    setText(tiles[name].value, text);
    setAttribute(tiles[name], "data-alarm", alarm || null);
  }

  /** `now`: the server's clock; the running time stands still while the connection is cut. */
  function update(state, now, active) {
    const { statistics, log_counts: lines } = state;
    set("subdomains", numbers.format(statistics.total_subdomains));
    set("pages", numbers.format(statistics.total_pages_crawled));
    set("third_parties", numbers.format(statistics.total_third_party_domains));
    set("violations", numbers.format(statistics.total_violations), statistics.total_violations > 0);
    const [warnings, errors] = [lines.WARNING ?? 0, lines.ERROR ?? 0];
    set("trouble", `${numbers.format(warnings)} / ${numbers.format(errors)}`, errors > 0);
    const started = state.stages[0].started_at ?? state.started_at; // a requeue sets the task's anew
    if (state.ended) set("duration", formatDuration(statistics.execution_duration));
    else if (!started) set("duration", "—");
    else if (active) set("duration", formatDuration(secondsBetween(started, null, now)));
  }

  return { element, update };
}
