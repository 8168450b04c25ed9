/** Asks something for each of many, few at a time: a burst would be held back by the server's limits. */

const AT_ONCE = 4;

export async function forEachConcurrently<T>(items: Iterable<T>, ask: (item: T) => Promise<void>): Promise<void> {
  const waiting = items[Symbol.iterator]();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) await ask(next.value);
  }));
}
