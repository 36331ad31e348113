/** ONNX Runtime sessions: made of verified files, one thread each, styles loaded when they are first used. */
import { InferenceSession } from 'onnxruntime-node';
import { DctoonError } from '../../shared/errors.ts';
import { type Manifest, type ModelFile, readModelFile, type StyleModel } from './manifest.ts';

/**
 * One thread per session, one process per core: two threads are slower than one on a busy machine, and the pool of
 * processes uses the other cores.
 */
const OPTIONS: InferenceSession.SessionOptions = {
  graphOptimizationLevel: 'all',
  enableMemPattern: false,
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  logSeverityLevel: 3,
};

export async function openSession(modelsDir: string, entry: ModelFile): Promise<InferenceSession> {
  return await InferenceSession.create(await readModelFile(modelsDir, entry), OPTIONS);
}

/** What a style's networks draw: aligned heads, or whole pictures. */
export type Part = 'head' | 'scene';

/**
 * The sessions of the styles, most recently used last. A session costs 11 ms to open and keeps its working memory,
 * so only those of a few styles stay open.
 */
export class StyleSessions {
  readonly #modelsDir: string;
  readonly #manifest: Manifest;
  readonly #capacity: number;
  readonly #open = new Map<string, InferenceSession>();

  /** @param capacity styles that stay open */
  constructor(modelsDir: string, manifest: Manifest, capacity: number) {
    this.#modelsDir = modelsDir;
    this.#manifest = manifest;
    const networks = manifest.styles.some(({ scene }) => scene) ? 2 : 1;
    this.#capacity = networks * Math.max(1, capacity);
  }

  /** @throws DctoonError `unknown_style` */
  entry(style: string): StyleModel {
    const entry = this.#manifest.styles.find(({ id }) => id === style);
    if (!entry) throw new DctoonError('unknown_style', `no style "${style}"`);
    return entry;
  }

  /**
   * The network that draws one part of a style; the same one for both where the style has no other for scenes.
   * @throws DctoonError `unknown_style`
   */
  async get(style: string, part: Part): Promise<InferenceSession> {
    const entry = this.entry(style);
    const scene = part === 'scene' ? entry.scene : undefined;
    const key = scene ? `${style}/scene` : style;
    const session = this.#open.get(key) ?? (await this.#load(scene ?? entry));
    this.#open.delete(key);
    this.#open.set(key, session);
    return session;
  }

  async #load(network: ModelFile): Promise<InferenceSession> {
    for (const [oldest, session] of this.#open) {
      if (this.#open.size < this.#capacity) break;
      this.#open.delete(oldest);
      await session.release();
    }
    return await openSession(this.#modelsDir, network);
  }
}
