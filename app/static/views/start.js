/** The form that starts a scan. */

import { SCAN_OPTIONS } from "../contract.js";
import { h, setAttribute, setText, show } from "../dom.js";
import { errorText } from "../errors.js";

const SECONDS_PER_MINUTE = 60;

export function createStart(app) {
  const { t } = app;
  const domain = h("input", { id: "domain", name: "domain", class: "big", inputmode: "url", autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 1000, placeholder: "example.com", "aria-describedby": "start-problem" });
  domain.value = app.suggestedTarget;
  const problem = h("p", { id: "start-problem", class: "problem", role: "alert", hidden: true });
  const button = h("button", { class: "primary big", type: "submit" }, t("start.submit"));
  const options = createOptions(t);

  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    setText(button, t("start.busy"));
    show(problem, false);
    setAttribute(domain, "aria-invalid", null);
    try {
      const task = await app.api.createTask(domain.value, options.read());
      app.targets.set(task.id, task.target_domain);
      app.suggestedTarget = "";
      location.hash = `#/tasks/${task.id}`;
    } catch (error) {
      setText(problem, errorText(t, error));
      show(problem, true);
      if (error.code?.startsWith("target_")) setAttribute(domain, "aria-invalid", "true");
      domain.focus();
    } finally {
      button.disabled = false;
      setText(button, t("start.submit"));
    }
  };

  const element = h("section", { class: "card start", "aria-labelledby": "start-title" },
    h("h2", { id: "start-title" }, t("start.title")),
    h("form", { on: { submit }, novalidate: true },
      h("div", { class: "start-row" },
        h("label", { class: "visually-hidden", for: "domain" }, t("start.domain")),
        domain,
        button,
      ),
      problem,
      options.element,
    ),
  );
  return { element };
}

function createOptions(t) {
  const number = (name, { bounds: [least, most], default: usual }, unit = 1) =>
    h("input", {
      id: name, name, type: "number", min: Math.ceil(least / unit), max: most / unit, step: 1,
      placeholder: usual === null ? t("start.no_limit") : String(usual / unit),
    });
  const pages = number("max_pages", SCAN_OPTIONS.max_pages);
  const depth = number("max_depth", SCAN_OPTIONS.max_depth);
  const minutes = number("time_limit", SCAN_OPTIONS.time_limit_s, SECONDS_PER_MINUTE);
  const urls = h("textarea", { id: "start_urls", name: "start_urls", rows: 2, spellcheck: "false", autocapitalize: "none" });
  const passive = h("input", { id: "passive", type: "checkbox", checked: true });
  const screenshots = h("input", { id: "screenshots", type: "checkbox", checked: true });
  const cloaking = h("input", { id: "cloaking", type: "checkbox", checked: true });
  const field = (input, key) => h("div", { class: "field" }, h("label", { for: input.id }, t(key)), input);
  const box = (input, key) => h("label", { class: "box" }, input, h("span", {}, t(key)));

  const element = h("details", {},
    h("summary", {}, t("start.options")),
    h("div", { class: "options" },
      field(pages, "start.max_pages"),
      field(depth, "start.max_depth"),
      field(minutes, "start.time_limit"),
      h("div", { class: "field full" }, h("label", { for: "start_urls" }, t("start.start_urls")), urls),
      h("div", { class: "full boxes" }, box(passive, "start.passive"), box(screenshots, "start.screenshots"), box(cloaking, "start.cloaking")),
    ),
  );

  /** What differs from the server's defaults, and what is on or off: an administrator may have changed its default. */
  function read() {
    const config = {};
    if (pages.value) config.max_pages = Number(pages.value);
    if (depth.value) config.max_depth = Number(depth.value);
    if (minutes.value) config.time_limit_s = Number(minutes.value) * SECONDS_PER_MINUTE;
    const lines = urls.value.split("\n").map((line) => line.trim()).filter(Boolean);
    if (lines.length) config.start_urls = lines;
    config.use_passive_sources = passive.checked;
    config.screenshots = screenshots.checked;
    config.cloaking = cloaking.checked;
    return config;
  }

  return { element, read };
}
