/** What is around the page about the real-time protocol: language, who one is, the document, contents, and links within. */

import { Api } from "../api.js";
import { h, logo, setText } from "../dom.js";
import { chooseLanguage, createTexts, nextLanguage } from "../texts.js";
import { Access } from "./access.js";
import { createAccessView } from "./access_view.js";
import { inline } from "./prose.js";

const LANGUAGE_KEY = "compliance.language";
const query = new URLSearchParams(location.search);

/**
 * `name`: "asyncapi". `file`: the document. `build(context, document)` returns `{contents, body, dispose}`:
 * pairs of text and id, nodes, and what to end before all is built anew.
 */
export function runPage({ name, file, build }) {
  const base = new URL(".", document.baseURI).href;
  const api = new Api({
    base: `${base}api/v1/`,
    session: { storage: sessionStorage, channel: new BroadcastChannel("compliance.session") },
  });
  const access = new Access(api);
  const app = document.getElementById("app");
  let language = chooseLanguage({ query: query.get("lang"), remembered: localStorage.getItem(LANGUAGE_KEY), preferred: navigator.languages });
  let dispose = () => {};
  let wanted = 0; // the newest rendering; an older one that ends later is dropped

  async function render() {
    const number = (wanted += 1);
    const t = createTexts(language);
    api.language = language;
    document.documentElement.lang = language;
    document.title = `${t(`reference.title_${name}`)} · ${t("app.name")}`;
    let body;
    let contents = [];
    dispose();
    dispose = () => {};
    const accessView = createAccessView({ t, access });
    access.onChange = () => accessView.draw();
    try {
      const described = await load(`${base}${file}?lang=${language}`);
      if (number !== wanted) return;
      const context = { t, language, base, access, announce: (text) => setText(document.getElementById("announcer"), text) };
      const built = build(context, described);
      contents = built.contents;
      dispose = built.dispose;
      body = built.body(accessView.element);
    } catch (error) {
      if (number !== wanted) return;
      console.error(error);
      body = h("div", { class: "state" }, h("h1", {}, t("reference.failed")), h("button", { class: "bordered", type: "button", on: { click: render } }, t("app.retry")));
    }
    app.replaceChildren(frame({ t, name, file, language, contents, body, onLanguage: switchLanguage }));
    reveal();
  }

  function switchLanguage() {
    language = nextLanguage(language);
    localStorage.setItem(LANGUAGE_KEY, language);
    render();
  }

  addEventListener("hashchange", reveal);
  render();
}

async function load(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.json();
}

/** Opens what the address names, and goes there. */
function reveal() {
  const element = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!element) return;
  for (let around = element; around; around = around.parentElement) if (around.tagName === "DETAILS") around.open = true;
  element.scrollIntoView();
  (element.querySelector(":scope > summary") ?? element).focus({ preventScroll: true });
}

function frame({ t, name, file, language, contents, body, onLanguage }) {
  const offered = createTexts(nextLanguage(language));
  const main = h("main", { id: "content", tabindex: "-1", class: "reference" }, body);
  const skip = h("a", { class: "skip", href: "#content", on: { click: (event) => { event.preventDefault(); main.focus(); } } }, t("app.skip"));
  const link = (page) => h("a", { href: page, "aria-current": page === name ? "page" : null }, t(`reference.title_${page}`));
  return h("div", { class: "frame" },
    skip,
    h("header", { class: "bar" },
      h("a", { class: "brand", href: "./" }, logo(), h("span", {}, t("app.name"))),
      h("nav", { class: "pages", "aria-label": t("reference.pages") }, link("docs"), link("asyncapi"), h("a", { href: `${file}?lang=${language}` }, file)),
      h("div", { class: "bar-end" },
        h("button", { class: "quiet", type: "button", "aria-label": offered("language.switch"), on: { click: onLanguage } }, offered("language.name")),
      ),
    ),
    h("div", { class: "sheet" }, contents.length ? contentsOf(t, contents) : null, main),
  );
}

/** Beside the page where there is room, folded above it where there is none. */
function contentsOf(t, contents) {
  const list = h("ul", {}, contents.map(({ text, id, within }) => h("li", { class: within ? "within" : null }, h("a", { href: `#${id}` }, inline(text)))));
  return h("details", { class: "contents", open: matchMedia("(width > 1000px)").matches }, h("summary", {}, t("reference.contents")), h("nav", { "aria-label": t("reference.contents") }, list));
}
