/**
 * Where log lines go. The reader of standard output may go away (`| head -1`, a log shipper that restarts), stop
 * reading, or run out of disk: none of that may harm the service, and a line about it would meet the same fate. So a
 * line that cannot be written is counted and dropped, and the next line that can be written says how many were.
 */
import type { Writable } from 'node:stream';

/** Bytes that may wait for a slow reader. */
const MOST_WAITING_BYTES = 1_000_000;
/** After a failure nothing is tried for so long: a reader that went away costs one system call a second, not one a line. */
const PAUSE_MS = 1000;

export type WriteLine = (line: string) => void;

/** @param note makes the line that tells how many lines were lost */
export function createLogOutput(stream: Writable, note: (lost: number) => string): WriteLine {
  let lost = 0;
  let pausedUntil = 0;
  const fail = () => {
    pausedUntil = performance.now() + PAUSE_MS;
  };
  // Without a listener a failed write is an uncaught exception, which would be logged, which would fail.
  stream.on('error', fail);
  const write = (line: string, lines: number) => {
    stream.write(line, (error) => {
      if (!error) return;
      fail();
      lost += lines;
    });
  };
  return (line) => {
    if (performance.now() < pausedUntil || stream.writableLength > MOST_WAITING_BYTES) {
      lost += 1;
      return;
    }
    if (lost > 0) {
      const lines = lost;
      lost = 0;
      write(note(lines), lines);
    }
    write(line, 1);
  };
}
