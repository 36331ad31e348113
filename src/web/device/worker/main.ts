/** The Web Worker that draws photos one after another, and tells the page how far it is. */
import { DctoonError } from '../../../shared/errors.ts';
import type { FromWorker, ToWorker } from '../pack.ts';
import { Engine, Unreachable } from './engine.ts';

type Draw = Extract<ToWorker, { type: 'draw' }>;

const send = (message: FromWorker) => postMessage(message);
const cancelled = new Set<string>();
let opening: (() => Promise<Engine>) | undefined;
let engine: Promise<Engine> | undefined;
/** Each photo waits for the one before. */
let last = Promise.resolve();

async function draw({ id, photo, style, strength }: Draw): Promise<void> {
  try {
    if (cancelled.has(id)) throw new DctoonError('cancelled');
    // What could not be loaded is tried again with the next photo.
    engine ??= opening?.();
    engine?.catch(() => {
      engine = undefined;
    });
    if (!engine) throw new Error('not opened');
    const drawn = await (await engine).draw(photo, style, strength, {
      onStage: (stage, faces) => send({ type: 'stage', id, stage, ...(faces && { faces }) }),
      isCancelled: () => cancelled.has(id),
    });
    send({ type: 'done', id, ...drawn });
  } catch (error) {
    const { code, details, message } = DctoonError.from(error);
    send({ type: 'failed', id, code: error instanceof Unreachable ? 'offline' : code, details, message });
  }
  cancelled.delete(id);
}

// The runtime starts its threads with this script, under names of its own.
if (!self.name.startsWith('em-pthread')) {
  addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
    if (data.type === 'open') opening = () => Engine.open(data.pack, data.threads);
    else if (data.type === 'cancel') cancelled.add(data.id);
    else last = last.then(() => draw(data));
  });
}
