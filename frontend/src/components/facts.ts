/** A name and what stands beside it: a text, whoever wrote it. Facts without a value are not shown. */

import { formatUtc } from "@/texts/format";

export interface Fact {
  name: string;
  value: string | null | undefined | false;
  /** With a button that copies it, for what one cannot read out. */
  isCopied?: boolean;
  isAlarm?: boolean;
  /** The time that the value is, in RFC 3339: shown in UTC, with the reader's own time on top of it. */
  moment?: string | null;
}

/** A time of evidence, as reports have it. */
export function factOfMoment(name: string, moment: string | null): Fact {
  return { name, value: moment && formatUtc(moment), moment };
}
