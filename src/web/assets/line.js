// @ts-check
/** How fast the visitor's line is: as the browser says, as the page itself came in, and as photos went out. */

/** Bytes a second below which a photo is sent as a small copy first, and then with fewer bytes. */
const SLOW_RATE = 150_000;
/** Milliseconds to the server and back from which on a line counts as slow, where nothing has been sent yet. */
const SLOW_RETURN_MS = 270;

/** Of the last photo that was sent. @type {number | undefined} */
let rate;

/** @param {number} bytes @param {number} ms in which they were sent */
export function noteSent(bytes, ms) {
  rate = (bytes / Math.max(1, ms)) * 1000;
}

export function isSlowLine() {
  if (rate !== undefined) return rate < SLOW_RATE;
  // https://wicg.github.io/netinfo/: measured by the browser; "3g" is 270 ms and more, or less than 700 kbit/s.
  const { connection } = /** @type {{connection?: {effectiveType?: string}}} */ (navigator);
  if (connection?.effectiveType) return connection.effectiveType !== '4g';
  const [opened] = performance.getEntriesByType('navigation');
  if (!(opened instanceof PerformanceNavigationTiming)) return false;
  return opened.responseStart - opened.requestStart >= SLOW_RETURN_MS;
}
