/** The public face of `src/inference`: photos in, cartoons out. */

import type { Logger } from '../observability/logger.ts';
import { DctoonError } from '../shared/errors.ts';
import { PACKAGED_MODELS } from '../shared/version.ts';
import { checkStrength } from './drawing/strength.ts';
import { checkBytes } from './image/limits.ts';
import { filesOf, readManifest, readModelFile, stylesOf } from './models/manifest.ts';
import { PROFILES, type ProfileName } from './profile.ts';
import type { Cartoon, CartoonEngine, CartoonizeOptions, Style } from './types.ts';
import { Pool, type PoolStats } from './workers/pool.ts';

export interface CartoonizerOptions {
  /** Folder with `manifest.json` and the networks. Default: those of the package. */
  readonly modelsDir?: string;
  /** Photos worked on at the same time at most, one process each. Default 1; one per free core is best. */
  readonly concurrency?: number;
  /** Milliseconds after which a process without work ends; the first stays. Default 60 000. */
  readonly idleMs?: number;
  /** Longest time one photo may take before its process is killed, in milliseconds. Default 60 000. */
  readonly timeoutMs?: number;
  /** How much a photo may cost: `small` takes less time and memory, and draws backgrounds coarser. Default `full`. */
  readonly profile?: ProfileName;
  readonly logger?: Logger;
}

/**
 * Turns photos into cartoons in supervised child processes.
 *
 * ```ts
 * const cartoonizer = await Cartoonizer.create();
 * const { image } = await cartoonizer.cartoonize(await readFile('me.jpg'), { style: '3d' });
 * await cartoonizer.close();
 * ```
 */
export class Cartoonizer implements CartoonEngine {
  readonly styles: readonly Style[];
  readonly #pool: Pool;

  private constructor(styles: readonly Style[], pool: Pool) {
    this.styles = styles;
    this.#pool = pool;
  }

  /**
   * Checks the models folder (manifest, SHA-256 of every file) and starts the processes; resolves when the first one
   * is ready. `close` it in the end, or the processes keep the program alive.
   * @throws DctoonError `internal`; its message says in plain words what is wrong with folder or installation
   */
  static async create(options: CartoonizerOptions = {}): Promise<Cartoonizer> {
    const {
      modelsDir = PACKAGED_MODELS,
      concurrency = 1,
      timeoutMs = 60_000,
      profile = 'full',
      idleMs,
      logger,
    } = options;
    const manifest = await readManifest(modelsDir);
    await Promise.all(filesOf(manifest).map(async (entry) => await readModelFile(modelsDir, entry)));
    return new Cartoonizer(
      stylesOf(manifest),
      await Pool.start({ modelsDir, concurrency, timeoutMs, idleMs, ...PROFILES[profile], logger }),
    );
  }

  /**
   * See `CartoonEngine`. Photos beyond `concurrency` wait in line, first come, first served.
   * @throws RangeError where `strength` is no whole number from 0 to 150
   */
  async cartoonize(photo: Uint8Array, options: CartoonizeOptions): Promise<Cartoon> {
    const { style, format = 'jpeg', strength, as, maxBytes, signal, onProgress, job } = options;
    if (!this.styles.some(({ id }) => id === style))
      throw new DctoonError('unknown_style', `no style "${style}"`);
    if (strength !== undefined) checkStrength(strength);
    checkBytes(photo.length);
    const request = {
      photo,
      style,
      format,
      ...(strength !== undefined && { strength }),
      ...(as !== undefined && { as }),
      ...(maxBytes !== undefined && { maxBytes }),
    };
    return await this.#pool.run(request, { signal, onStage: onProgress, job });
  }

  stats(): PoolStats {
    return this.#pool.stats();
  }

  /** Refuses what waits with `shutting_down`, lets what runs finish for a few seconds, and ends the processes. */
  async close(): Promise<void> {
    await this.#pool.close();
  }
}
