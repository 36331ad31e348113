/** The real page over real HTTP on the real in-process queue; only the cartoon is fake, and fast. */
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { loadConfig } from '../../src/config/schema.ts';
import type { Cartoon, Stage, Style } from '../../src/inference/types.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { createMemoryQueue } from '../../src/queue/memory/memory-queue.ts';
import type { JobRun, Queue } from '../../src/queue/types.ts';
import { DctoonError, type ErrorCode } from '../../src/shared/errors.ts';
import { createTexts } from '../../src/texts/index.ts';
import { createWeb, type Web, type WebLimits, type WebOptions } from '../../src/web/index.ts';
import { MemoryBlobStore, noJournal } from '../support/memory-blobs.ts';

const style = (id: string, title: string, german: string): Style => ({
  id,
  title,
  titles: { en: title, de: german },
  description: `${title} look`,
  descriptions: { de: `Sieht aus wie ${german}` },
});

const STYLES: readonly Style[] = [
  style('3d', '3D film', '3D-Film'),
  style('anime', 'Anime', 'Anime'),
  style('sketch', 'Pencil sketch', 'Bleistift'),
];

const STAGES: readonly Stage[] = ['decode', 'faces', 'style', 'blend', 'encode'];
const NO_TIMINGS = { decode: 1, faces: 1, style: 1, blend: 1, encode: 1, total: 5 };

/** What the fake engine does; a test changes it while the service runs. */
export interface Engine {
  /** Milliseconds per stage. */
  stageMs: number;
  /** Fail with this code instead of drawing. */
  failWith: ErrorCode | undefined;
  /** Until this resolves nothing goes past the first stage. */
  hold: Promise<void> | undefined;
  faces: number;
  /** Photos that were begun, finished and aborted. */
  begun: number;
  finished: number;
  aborted: number;
}

export interface Service {
  readonly web: Web;
  readonly queue: Queue;
  readonly engine: Engine;
  readonly url: string;
  readonly logs: string[];
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly env?: Record<string, string>;
  readonly limits?: Partial<WebLimits>;
  readonly queue?: { concurrency?: number; limit?: number; limitPerUser?: number };
  readonly styles?: readonly Style[];
  readonly web?: Partial<Pick<WebOptions, 'extraRoutes' | 'notReady' | 'thumbnails' | 'folder' | 'botLinks'>>;
}

/** Posterised, more colourful, its colours turned by style: looks different from the photo and from other styles. */
async function fakeCartoon({ job, photo }: JobRun, faces: number): Promise<Cartoon> {
  const hue = { '3d': 0, anime: 60, sketch: 200 }[job.style] ?? 0;
  try {
    const { data, info } = await sharp(photo, { failOn: 'error' })
      .autoOrient()
      .flatten({ background: '#fff' })
      .median(5)
      .modulate({ saturation: 1.7, brightness: 1.06, hue })
      .png({ palette: true, colours: 24, dither: 0 })
      .toBuffer({ resolveWithObject: true });
    const image =
      job.format === 'png' ? data : await sharp(data).toFormat(job.format, { quality: 92 }).toBuffer();
    return { image, format: job.format, width: info.width, height: info.height, faces, timings: NO_TIMINGS };
  } catch (cause) {
    throw new DctoonError('unsupported_format', 'fake engine', { cause });
  }
}

export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const logs: string[] = [];
  const logger = createLogger({ level: 'debug', readable: false, write: (line) => logs.push(line) });
  const queue = await createMemoryQueue({
    concurrency: 1,
    limit: 100,
    limitPerUser: 20,
    ...options.queue,
    blobs: new MemoryBlobStore({ maxBytes: 512 * 1024 * 1024 }),
    journal: noJournal,
    log: logger,
    expectedMs: 200,
  });
  const engine: Engine = {
    stageMs: 5,
    failWith: undefined,
    hold: undefined,
    faces: 1,
    begun: 0,
    finished: 0,
    aborted: 0,
  };
  queue.process(async (task) => {
    engine.begun += 1;
    try {
      for (const stage of STAGES) {
        task.report(stage);
        if (stage === 'style' && engine.faces > 1) task.report(stage, { done: 0, total: engine.faces });
        await sleep(engine.stageMs, undefined, { signal: task.signal });
        if (stage === 'decode') await Promise.race([engine.hold, aborted(task.signal)]);
      }
      if (engine.failWith) throw new DctoonError(engine.failWith);
      const cartoon = await fakeCartoon(task, engine.faces);
      engine.finished += 1;
      return cartoon;
    } catch (error) {
      if (!task.signal.aborted) throw error;
      engine.aborted += 1;
      throw new DctoonError('cancelled');
    }
  });
  const web = await createWeb({
    config: loadConfig({ WEB_HOST: '127.0.0.1', WEB_PORT: '0', ...options.env }),
    queue,
    styles: options.styles ?? STYLES,
    logger,
    texts: createTexts,
    ...(options.limits && { limits: options.limits }),
    ...options.web,
  });
  const { url } = await web.start();
  return {
    web,
    queue,
    engine,
    url,
    logs,
    stop: async () => {
      await web.stop();
      await queue.close();
    },
  };
}

/** Rejects when the signal aborts; without a hold the race is won by `undefined` at once. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Waits until `condition` holds; generous, the machine is shared. */
export async function until(condition: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${condition}`);
    await sleep(15);
  }
}

/** A form as curl and browsers send it. */
export function photoForm(
  photo: Uint8Array,
  fields: Record<string, string> = {},
  name = 'photo.png',
): FormData {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) form.append(key, value);
  form.append('file', new Blob([new Uint8Array(photo)], { type: 'image/png' }), name);
  return form;
}
