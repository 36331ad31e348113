/**
 * Requests take turns: one at a time, then the event loop looks for new bytes, and the visitors come round-robin. A
 * thousand requests that arrive together would else be one piece of work of a second, during which nobody is answered.
 * The event loop accepts one new connection each time round, so connections that wait to be accepted go before work: behind
 * a thousand of them may be a health check.
 */

export interface Turns {
  /** Does one piece of work when its visitor's turn comes. */
  take(visitor: string, work: () => void): void;
  /** A connection was accepted; more of them may wait. */
  arrived(): void;
}

/** Connections that are taken before the next piece of work; one costs a tenth of it or less. */
const MOST_ARRIVALS = 50;

export function createTurns(): Turns {
  /** Work that waits, by visitor; the visitor whose turn is next comes first. */
  const waiting = new Map<string, (() => void)[]>();
  let isBusy = false;
  let hasArrived = false;
  let arrivals = 0;
  const next = () => {
    const [first] = waiting;
    isBusy = first !== undefined;
    if (!first) return;
    setImmediate(next);
    arrivals = hasArrived ? arrivals + 1 : 0;
    hasArrived = false;
    if (arrivals > 0 && arrivals < MOST_ARRIVALS) return;
    arrivals = 0;
    const [visitor, line] = first;
    const work = line.shift();
    waiting.delete(visitor);
    if (line.length > 0) waiting.set(visitor, line);
    work?.();
  };
  return {
    take(visitor, work) {
      if (!isBusy) {
        isBusy = true;
        setImmediate(next);
        work();
        return;
      }
      const line = waiting.get(visitor);
      if (line) line.push(work);
      else waiting.set(visitor, [work]);
    },
    arrived() {
      hasArrived = true;
    },
  };
}
