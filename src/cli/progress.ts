/** What a person sees while photos are drawn: a bar on a terminal when they are many, else a line per cartoon. */
import { SingleBar } from 'cli-progress';

export interface Progress {
  /** A cartoon was written. */
  wrote(line: string): void;
  /** A photo is done, or failed. */
  done(): void;
  failed(line: string): void;
  end(): void;
}

export function lines(): Progress {
  return {
    wrote: (line) => void process.stdout.write(`${line}\n`),
    done: () => {},
    failed: (line) => void process.stderr.write(`${line}\n`),
    end: () => {},
  };
}

/** A bar with the time that is left. Failures are told when it has ended, so that they stand below it together. */
export function bar(total: number): Progress {
  const failures: string[] = [];
  const meter = new SingleBar({
    format: '{bar} {value}/{total} photos, {eta_formatted} left',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    etaBuffer: 20,
  });
  meter.start(total, 0);
  const step = () => meter.increment();
  return {
    wrote: () => {},
    done: step,
    failed: (line) => {
      failures.push(line);
      step();
    },
    end: () => {
      meter.stop();
      for (const line of failures) process.stderr.write(`${line}\n`);
    },
  };
}
