/** What came back: status, headers, and the body as it comes in. */

import { createScheduler, h, saveFile, setText, show } from "../dom.js";
import { Body, fileNameOf, kindOf } from "./exchange.js";

export function createAnswer({ t, announce }, operationId) {
  const status = h("strong", {});
  const facts = h("span", { class: "muted" });
  const stopButton = h("button", { type: "button", class: "bordered small", on: { click: stop } }, t("reference.stop"));
  const saveButton = h("button", { type: "button", class: "bordered small", on: { click: save } }, t("reference.save"));
  const note = h("p", { class: "muted small" });
  const headers = h("dl", { class: "headers" });
  const text = h("pre", { tabindex: "0", "aria-label": t("reference.body") });
  const picture = h("img", { alt: t("reference.picture") });
  const element = h("section", { class: "answer", hidden: true, "aria-label": t("reference.answer") },
    h("div", { class: "answer-head" }, status, facts, stopButton, saveButton),
    h("details", {}, h("summary", {}, t("reference.headers")), headers),
    note, text, picture,
  );
  let controller = null;
  let body = null;
  let response = null;
  let took = 0;
  const drawing = createScheduler(draw);

  function stop() {
    controller?.abort();
  }

  /** Sends the request; one that still runs is given up for it. Rejects with TypeError when there was no answer at all. */
  async function run(request) {
    stop();
    const own = (controller = new AbortController());
    const began = performance.now();
    wait();
    let got;
    try {
      got = await send(request, own.signal);
    } catch (error) {
      if (controller !== own) return;
      controller = null;
      show(element, false);
      if (own.signal.aborted) return;
      throw error;
    }
    if (controller !== own) return;
    response = got;
    took = performance.now() - began;
    body = new Body(kindOf(header("content-type"), header("content-disposition")));
    begin();
    await body.read(got.body, () => controller === own && drawing.request()).catch(() => {}); // what came stays
    if (controller !== own) return;
    controller = null;
    drawing.cancel();
    draw();
  }

  const header = (name) => response.headers.get(name) ?? "";
  const send = ({ url, method, headers: sent, body: content }, signal) =>
    fetch(url, { method, headers: sent, body: content ?? undefined, signal, cache: "no-store" });

  /** Shows that an answer is awaited, and nothing of the one before. */
  function wait() {
    drawing.cancel();
    URL.revokeObjectURL(picture.src);
    picture.removeAttribute("src");
    setText(status, "…");
    delete status.dataset.class;
    setText(facts, "");
    setText(note, "");
    headers.replaceChildren();
    for (const part of [saveButton, text, picture]) show(part, false);
    for (const part of [stopButton, element]) show(part, true);
  }

  function begin() {
    setText(status, `${response.status} ${response.statusText}`.trim());
    status.dataset.class = String(response.status)[0];
    headers.replaceChildren(...[...response.headers].map(([name, value]) => h("div", {}, h("dt", {}, h("code", {}, name)), h("dd", {}, h("code", {}, value)))));
    announce(t("reference.answered", { status: response.status }));
    draw();
  }

  function draw() {
    const isReading = controller !== null;
    setText(facts, t("reference.facts", { milliseconds: Math.round(took), bytes: body.bytes }));
    show(stopButton, isReading);
    const blob = isReading ? null : body.blob(header("content-type"));
    show(saveButton, blob !== null);
    setText(note, remark(isReading));
    setText(text, body.pretty);
    show(text, body.text !== "");
    if (blob && body.kind === "image") picture.src = URL.createObjectURL(blob);
    show(picture, picture.hasAttribute("src"));
    if (body.kind === "stream") text.scrollTop = text.scrollHeight;
  }

  function remark(isReading) {
    if (body.isCut) return t("reference.cut");
    if (isReading) return t("reference.reading");
    if (!body.isWhole) return t("reference.stopped");
    if (body.bytes === 0) return t("reference.empty");
    if (body.kind === "file") return t("reference.is_file");
    return body.isShortened ? t(body.kind === "stream" ? "reference.only_end" : "reference.only_beginning") : "";
  }

  function save() {
    const blob = body.blob(header("content-type"));
    if (blob) saveFile(blob, fileNameOf(header("content-disposition")) ?? operationId);
  }

  return { element, run, stop };
}
