/**
 * Entry of an inference child process: takes one photo at a time from its parent and answers with a cartoon.
 *
 * A process of its own because `session.run()` blocks the event loop and cannot be interrupted, and because a native
 * crash takes its process along (research/inference.md, section 10). Argument 2: `PipelineOptions` as JSON.
 */
import { DctoonError } from '../errors.ts';
import type { Pipeline, PipelineOptions } from './pipeline.ts';
import type { FromChild, ToChild } from './protocol.ts';

type RunMessage = Extract<ToChild, { type: 'run' }>;

function send(message: FromChild, then: () => void = () => {}): void {
  // The parent may be gone; `disconnect` deals with that.
  if (process.connected) process.send?.(message, then);
}

/** Serves the parent's messages with a loaded pipeline. */
function serve(pipeline: Pipeline): void {
  let running: number | undefined;
  let cancelled: number | undefined;
  let closing = false;

  const finish = () => {
    running = undefined;
    if (closing) process.disconnect();
  };
  const run = async ({ id, order }: RunMessage) => {
    running = id;
    try {
      const cartoon = await pipeline.run(order, {
        onStage: (stage) => send({ type: 'stage', id, stage }),
        isCancelled: () => cancelled === id,
      });
      send({ type: 'done', id, rss: process.memoryUsage.rss(), cartoon }, finish);
    } catch (thrown) {
      const { code, message, details, stack } = DctoonError.from(thrown);
      const error = { code, message, details, stack };
      send({ type: 'failed', id, rss: process.memoryUsage.rss(), error }, finish);
    }
  };
  process.on('message', (message: ToChild) => {
    if (message.type === 'run') void run(message);
    else if (message.type === 'cancel') cancelled = message.id;
    else if (running === undefined) process.disconnect();
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
    const { Pipeline } = await import('./pipeline.ts');
    serve(await Pipeline.load(JSON.parse(process.argv[2] ?? '{}') as PipelineOptions));
    send({ type: 'ready', rss: process.memoryUsage.rss() });
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    send({ type: 'unfit', message }, () => process.exit(1));
  }
}

void main();
