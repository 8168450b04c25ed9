/** The report of a scan as a file, in the formats that there are. */

import { REPORT_FORMATS } from "../contract.js";
import { h, icon, saveFile } from "../dom.js";
import { errorText } from "../errors.js";
import { textOfCode } from "../texts.js";

/** `scope`: whose report; `nameOf()` gives the beginning of the file's name. */
export function createReportMenu(app, scope, nameOf) {
  const { t } = app;
  const list = h("div", { class: "menu-items" }, REPORT_FORMATS.map((format) =>
    h("button", { class: "quiet", type: "button", on: { click: () => save(format) } }, icon("download"), textOfCode(t, "report_format", format)),
  ));
  const element = h("details", { class: "menu" }, h("summary", { class: "button" }, t("task.report")), list);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") element.open = false;
  });
  element.addEventListener("focusout", (event) => {
    if (!element.contains(event.relatedTarget)) element.open = false;
  });

  async function save(format) {
    element.open = false;
    element.setAttribute("aria-busy", "true");
    try {
      saveFile(await app.api.reportFile(scope, format), `${nameOf()}.${format}`);
    } catch (error) {
      app.toast(errorText(t, error), { kind: "error" });
    } finally {
      element.removeAttribute("aria-busy");
    }
  }

  return element;
}
