/** Where the work on one photo is: for who waits, for who cancels, and for the timings. */
import { DctoonError } from '../shared/errors.ts';
import type { Cartoon, FaceCount, OnProgress, Stage } from './types.ts';

export interface Hooks {
  /** Called when a stage begins. */
  readonly onStage: OnProgress;
  /** Asked between steps; true ends the work with `cancelled`. */
  readonly isCancelled: () => boolean;
}

/** Milliseconds between two counts of faces. */
const COUNT_MS = 250;

/** Measures the stages, announces them, and looks for a cancellation at every boundary. */
export class StageClock {
  readonly #hooks: Hooks;
  readonly #eventLoop: () => Promise<void>;
  readonly #spent: Record<Stage, number> = { decode: 0, faces: 0, style: 0, blend: 0, encode: 0 };
  readonly #started = performance.now();
  #stage: Stage | undefined;
  #since = this.#started;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** @param eventLoop one turn of it, after which a message that came meanwhile has been read */
  constructor(hooks: Hooks, eventLoop: () => Promise<void>) {
    this.#hooks = hooks;
    this.#eventLoop = eventLoop;
  }

  async enter(stage: Stage): Promise<void> {
    this.#book();
    this.#stage = stage;
    this.#hooks.onStage(stage);
    await this.checkpoint();
  }

  /** Tells of the faces in the stage that runs, not more often than anybody looks. */
  count(faces: FaceCount): void {
    const now = performance.now();
    if (!this.#stage || faces.total < 2 || now - this.#toldAt < COUNT_MS) return;
    this.#toldAt = now;
    this.#hooks.onStage(this.#stage, faces);
  }

  /** @throws DctoonError `cancelled` */
  async checkpoint(): Promise<void> {
    // A network blocks the event loop, and messages with it.
    await this.#eventLoop();
    if (this.#hooks.isCancelled()) throw new DctoonError('cancelled');
  }

  /** Milliseconds since the photo came. */
  elapsed(): number {
    return performance.now() - this.#started;
  }

  stop(): Cartoon['timings'] {
    this.#book();
    return { ...this.#spent, total: performance.now() - this.#started };
  }

  #book(): void {
    const now = performance.now();
    if (this.#stage) this.#spent[this.#stage] += now - this.#since;
    this.#since = now;
  }
}
