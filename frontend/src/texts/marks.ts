/** Words in a text that are to be seen: parts, so that nothing of a foreign text is ever put together as HTML. */

export interface Part {
  text: string;
  isMarked: boolean;
}

const MOST_PARTS = 400; // a text of one word over and over stays a small document

/** The text in pieces, those that are one of the words marked; case does not matter. The pieces joined are the text. */
export function partsOf(text: string, words: readonly string[]): Part[] {
  const wanted = words.filter((word) => word.trim() !== "");
  const folded = text.toLowerCase();
  const isAligned = folded.length === text.length; // letters that grow when folded would move the places
  const source = isAligned ? folded : text;
  const searched = isAligned ? wanted.map((word) => word.toLowerCase()) : wanted;
  const next = searched.map((word) => source.indexOf(word));
  const parts: Part[] = [];
  let at = 0;
  while (parts.length < MOST_PARTS) {
    const found = nearest(next, searched);
    if (found === -1) break;
    const [start, end] = [next[found]!, next[found]! + searched[found]!.length];
    if (start > at) parts.push({ text: text.slice(at, start), isMarked: false });
    parts.push({ text: text.slice(start, end), isMarked: true });
    at = end;
    searched.forEach((word, index) => { if (next[index]! >= 0 && next[index]! < at) next[index] = source.indexOf(word, at); });
  }
  if (at < text.length) parts.push({ text: text.slice(at), isMarked: false });
  return parts;
}

/** The text in pieces, those in one of the spans marked. Spans come in order, and count characters, of which JavaScript takes some for two. */
export function partsIn(text: string, spans: readonly { start: number; end: number }[]): Part[] {
  const characters = [...text];
  const borders = [0, ...spans.flatMap(({ start, end }) => [start, end]), characters.length];
  return borders.slice(1).map((end, index) => ({ text: characters.slice(borders[index], end).join(""), isMarked: index % 2 === 1 })).filter((part) => part.text !== "");
}

/** Which word stands first, of those at one place the longest; -1: none is left. */
function nearest(next: readonly number[], words: readonly string[]): number {
  return next.reduce((best, start, index) => {
    if (start < 0) return best;
    if (best === -1 || start < next[best]!) return index;
    return start === next[best] && words[index]!.length > words[best]!.length ? index : best;
  }, -1);
}
