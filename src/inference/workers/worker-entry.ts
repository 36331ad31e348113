/**
 * Entry of an inference child, a process or a thread: takes one photo at a time from its parent and answers with a cartoon.
 *
 * Not in the service's own event loop because `session.run()` blocks it and cannot be interrupted; a process because a
 * native crash takes its process along. `PipelineOptions`: a process has them as JSON
 * in argument 2, a thread as `workerData`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { DctoonError } from '../../shared/errors.ts';
import type { Pipeline, PipelineOptions } from '../pipeline.ts';
import type { FromChild, ToChild } from './protocol.ts';

type RunMessage = Extract<ToChild, { type: 'run' }>;

function send(message: FromChild, then: () => void = () => {}): void {
  if (parentPort) {
    parentPort.postMessage(message);
    then();
  } else if (process.connected) {
    // The parent may be gone; `disconnect` deals with that.
    process.send?.(message, then);
  }
}

function leave(): void {
  if (parentPort) parentPort.close();
  else process.disconnect();
}

/** Bytes; a thread's are counted with its process. */
function rss(): number {
  return parentPort ? 0 : process.memoryUsage.rss();
}

/** Serves the parent's messages with a loaded pipeline. */
function serve(pipeline: Pipeline): void {
  let running: number | undefined;
  let cancelled: number | undefined;
  let closing = false;

  const finish = () => {
    running = undefined;
    if (closing) leave();
  };
  const run = async ({ id, request }: RunMessage) => {
    running = id;
    try {
      const cartoon = await pipeline.run(request, {
        onStage: (stage, faces) => send({ type: 'stage', id, stage, ...(faces && { faces }) }),
        isCancelled: () => cancelled === id,
      });
      send({ type: 'done', id, rss: rss(), cartoon }, finish);
    } catch (thrown) {
      const { code, message, details, stack } = DctoonError.from(thrown);
      const error = { code, message, details, stack };
      send({ type: 'failed', id, rss: rss(), error }, finish);
    }
  };
  (parentPort ?? process).on('message', (message: ToChild) => {
    if (message.type === 'run') void run(message);
    else if (message.type === 'cancel') cancelled = message.id;
    else if (running === undefined) leave();
    else closing = true;
  });
}

async function main(): Promise<void> {
  // Ctrl-C and a service manager's SIGTERM reach the whole process group. When to stop is the parent's decision: it
  // still drains. Without a parent there is nothing to do.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  process.on('disconnect', () => process.exit(0));
  try {
    // Imported here, so that a missing native library becomes a message instead of a silent death.
    const { Pipeline } = await import('../pipeline.ts');
    const options = parentPort ? workerData : JSON.parse(process.argv[2] ?? '{}');
    serve(await Pipeline.load(options as PipelineOptions));
    send({ type: 'ready', rss: rss() });
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    send({ type: 'unfit', message }, () => process.exit(1));
  }
}

void main();
