/** What is told while photos are drawn: a bar on a terminal when they are many, else a line per cartoon, or JSON. */
import { SingleBar } from 'cli-progress';
import { DctoonError } from '../shared/errors.ts';
import type { CommandError } from './failure.ts';

/** A cartoon that was written, as data. */
export interface Written {
  readonly photo: string;
  readonly file: string;
  readonly style: string;
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly faces: number;
  readonly milliseconds: number;
}

export interface Progress {
  /** A cartoon was written; the line says it to people. */
  wrote(line: string, written: Written): void;
  /** A photo is done, or failed. */
  done(): void;
  failed(photo: string, error: CommandError): void;
  end(): void;
}

const complain = (_photo: string, { message }: CommandError) => void process.stderr.write(`${message}\n`);

/** @param out where lines go that are no complaints; nowhere without it */
export function lines(out?: NodeJS.WritableStream): Progress {
  return { wrote: (line) => void out?.write(`${line}\n`), done: () => {}, failed: complain, end: () => {} };
}

/** A line of JSON for each cartoon and each photo that failed. */
export function json(): Progress {
  const tell = (data: object) => void process.stdout.write(`${JSON.stringify(data)}\n`);
  return {
    wrote: (_line, written) => tell(written),
    done: () => {},
    failed: (photo, { message, cause }) =>
      tell({ photo, error: { code: cause instanceof DctoonError ? cause.code : 'file', message } }),
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
    failed: (_photo, { message }) => {
      failures.push(message);
      step();
    },
    end: () => {
      meter.stop();
      for (const line of failures) process.stderr.write(`${line}\n`);
    },
  };
}
