/** Writes a line every 5 ms to standard output until it is killed (log-output.test.ts). */
import { createLogOutput } from '../../src/observability/log-output.ts';

const write = createLogOutput(process.stdout, (lost) => `lost ${lost}\n`);
setInterval(() => write('line\n'), 5);
