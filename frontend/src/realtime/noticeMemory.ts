/** Tells notices twice apart: by task, the highest number that was told or applied. */

const MAX_TASKS = 1_000; // the one that was silent the longest goes

export class NoticeMemory {
  #seen = new Map<string, number>();
  #epoch: string | null = null;

  /** Numbers of another log begin anew. */
  enter(epoch: string): void {
    if (this.#epoch !== epoch) this.#seen.clear();
    this.#epoch = epoch;
  }

  isNew(taskId: string, seq: number): boolean {
    return seq > (this.#seen.get(taskId) ?? 0);
  }

  remember(taskId: string, seq: number): void {
    const highest = Math.max(seq, this.#seen.get(taskId) ?? 0);
    this.#seen.delete(taskId); // so that it is the youngest
    this.#seen.set(taskId, highest);
    const oldest = this.#seen.keys().next();
    if (this.#seen.size > MAX_TASKS && !oldest.done) this.#seen.delete(oldest.value);
  }
}
