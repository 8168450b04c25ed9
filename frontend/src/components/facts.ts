/** A name and what stands beside it: a text, whoever wrote it. Facts without a value are not shown. */

export interface Fact {
  name: string;
  value: string | null | undefined | false;
  /** With a button that copies it, for what one cannot read out. */
  isCopied?: boolean;
  isAlarm?: boolean;
}
