/** A drawing on a canvas that follows its size, the colour scheme and the language. What it is drawn of, `use` of the library names. */

import { init, type EChartsType } from "echarts/core";
import { onBeforeUnmount, onMounted, watch, type Ref } from "vue";

import { useTexts } from "@/texts";

/** What a drawing takes from the page: colours by their names in the style, and how its texts look. */
export interface Paint {
  colour: (name: string) => string;
  text: { color: string; fontFamily: string };
}

/** `draw` is called again when `source` changes. `isSized`: where things stand depends on the size as well. */
export function useChart(box: Readonly<Ref<HTMLElement | null>>, source: () => unknown, draw: (chart: EChartsType, paint: Paint) => void, isSized = false): void {
  const { language } = useTexts();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chart: EChartsType | null = null;

  function redraw(): void {
    if (box.value === null || chart === null) return;
    const style = getComputedStyle(box.value);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
    draw(chart, { colour, text: { color: colour("muted"), fontFamily: style.fontFamily } });
  }

  const resized = new ResizeObserver(() => {
    chart?.resize();
    if (isSized) redraw();
  });

  onMounted(() => {
    if (box.value === null) return;
    chart = init(withOwnEmptying(box.value));
    redraw();
    resized.observe(box.value);
    dark.addEventListener("change", redraw);
  });
  onBeforeUnmount(() => {
    dark.removeEventListener("change", redraw);
    resized.disconnect();
    chart?.dispose();
  });
  watch([source, language], redraw);
}

/** The library empties its element through `innerHTML`, which the policy refuses on the real one. */
function withOwnEmptying(element: HTMLElement): HTMLElement {
  Object.defineProperty(element, "innerHTML", { set: () => element.replaceChildren() });
  return element;
}
