/** Which rows of a long list are in the document: those in sight, and some around them. */

const AROUND = 12; // rows above and below, so that a quick turn of the wheel meets rows and not a hole

/** `from` included, `to` not. `scrollTop` and `height` of the box, in px like `rowHeight`. */
export function windowOf(count: number, rowHeight: number, scrollTop: number, height: number): { from: number; to: number } {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const shown = Math.ceil(height / rowHeight);
  const from = Math.max(0, Math.min(first, count - shown) - AROUND);
  return { from, to: Math.min(count, first + shown + AROUND) };
}
