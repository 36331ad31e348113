/** The way of one photo, stage after stage. Runs in the inference child. */
import sharp from 'sharp';
import { DctoonError } from '../shared/errors.ts';
import { PersonMask } from './cutout/person-mask.ts';
import { cut } from './cutout/shapes.ts';
import { compose } from './drawing/blend.ts';
import { DetailTransfer } from './drawing/detail-transfer.ts';
import { type KeptFace, keepFeatures } from './drawing/kept-features.ts';
import { atStrength, STRENGTH } from './drawing/strength.ts';
import { drawingSize, PICTURE_MARGIN, type Stylized, stylize } from './drawing/stylize.ts';
import { cropHead, findHeads } from './faces/align.ts';
import { FaceDetector } from './faces/detector.ts';
import { FaceMesh } from './faces/landmarks.ts';
import { decode, restrictLoaders } from './image/decode.ts';
import { encode } from './image/encode.ts';
import { Kernels } from './image/kernels.ts';
import { grey, type RawImage, render, resize } from './image/raw-image.ts';
import { Warper } from './image/warp.ts';
import { readManifest, readModelFile } from './models/manifest.ts';
import { openSession, StyleSessions } from './models/sessions.ts';
import type { Profile } from './profile.ts';
import type { Cartoon, FaceCount, Note, OnProgress, PhotoFormat, Shape, Stage } from './types.ts';

export interface PipelineOptions extends Profile {
  readonly modelsDir: string;
}

export interface CartoonizeRequest {
  readonly photo: Uint8Array;
  readonly style: string;
  readonly format: PhotoFormat;
  readonly as?: Shape;
  /** Per cent, see `drawing/strength.ts`; absent = as the style draws. */
  readonly strength?: number;
  readonly maxBytes?: number;
}

export interface Hooks {
  /** Called when a stage begins. */
  readonly onStage: OnProgress;
  /** Asked between steps; true ends the work with `cancelled`. */
  readonly isCancelled: () => boolean;
}

interface Parts {
  readonly detector: FaceDetector;
  readonly mesh: FaceMesh;
  readonly warper: Warper;
  readonly detailTransfer: DetailTransfer;
  readonly mask: RawImage;
  readonly styles: StyleSessions;
  /** Loaded when somebody wants the first cut-out. */
  readonly openPersonMask: () => Promise<PersonMask>;
}

export class Pipeline {
  readonly #parts: Parts;
  readonly #profile: Profile;

  private constructor(parts: Parts, profile: Profile) {
    this.#parts = parts;
    this.#profile = profile;
  }

  /** Loads what every photo needs. @throws DctoonError `internal` where the models folder is not in order */
  static async load(options: PipelineOptions): Promise<Pipeline> {
    const { modelsDir, openStyles } = options;
    // One photo at a time and one thread: the pool of processes uses the cores. libvips' cache helps nobody here.
    sharp.cache(false);
    sharp.concurrency(1);
    restrictLoaders();
    const manifest = await readManifest(modelsDir);
    const mask = await readModelFile(modelsDir, manifest.blendMask);
    const kernels = new Kernels();
    const warper = new Warper(kernels);
    const parts = {
      detector: new FaceDetector(await openSession(modelsDir, manifest.faceDetector)),
      mesh: new FaceMesh(await openSession(modelsDir, manifest.faceMesh), warper),
      warper,
      detailTransfer: new DetailTransfer(kernels),
      mask: await render(sharp(mask).toColourspace('b-w')),
      styles: new StyleSessions(modelsDir, manifest, openStyles),
      openPersonMask: once(async () => new PersonMask(await openSession(modelsDir, manifest.personMask))),
    };
    return new Pipeline(parts, options);
  }

  /** @throws DctoonError as `CartoonEngine.cartoonize`, without `timeout` and `crashed` */
  async run(request: CartoonizeRequest, hooks: Hooks): Promise<Cartoon> {
    const { detector, mesh, warper, detailTransfer, mask, styles } = this.#parts;
    const clock = new StageClock(hooks);

    await clock.enter('decode');
    const photo = await decode(request.photo, this.#profile);
    const small = await resize(photo, drawingSize(photo, this.#profile.drawingSide));

    await clock.enter('faces');
    const found = await findHeads(photo, small, detector, mesh);

    await clock.enter('style');
    const scenes = await styles.get(request.style, 'scene');
    const background = { input: small, cartoon: await stylize(scenes, small, PICTURE_MARGIN) };
    const networkOfHeads = found.drawn.length > 0 ? await styles.get(request.style, 'head') : scenes;
    const drawn: Stylized[] = [];
    for (const head of found.drawn) {
      if (drawn.length === this.#profile.heads.most || clock.elapsed() > this.#profile.heads.untilMs) break;
      await clock.checkpoint();
      clock.count({ done: drawn.length, total: found.drawn.length });
      const input = await cropHead(photo, head, warper);
      drawn.push({ input, cartoon: await stylize(networkOfHeads, input, 0) });
    }
    const heads = found.drawn.slice(0, drawn.length);

    await clock.enter('blend');
    const { monochrome } = styles.entry(request.style);
    const { strength = STRENGTH.usual, as = 'photo' } = request;
    // Of the photo itself, while it is still there.
    const people = as === 'photo' ? undefined : await (await this.#parts.openPersonMask()).find(small);
    const [scene = background, ...faces] = [background, ...drawn].map((one) => atStrength(one, strength));
    const kept: KeptFace[] = [];
    for (const head of [...found.drawn.slice(drawn.length), ...found.kept]) {
      await clock.checkpoint();
      kept.push(await keepFeatures(photo, head, scene, warper, detailTransfer));
    }
    const cartoon = await compose(photo, scene, heads, faces, mask, detailTransfer, kept);

    await clock.enter('encode');
    // Below full strength some of the photo is wanted, and its colours with it.
    const isGrey = monochrome === true && strength >= STRENGTH.usual;
    const picture = isGrey ? await grey(cartoon) : cartoon;
    const notes: Note[] = photo.isDamaged ? ['damaged'] : [];
    if (as !== 'photo') {
      const shape = await cut(
        as,
        { cartoon: picture, mask: people, heads },
        request.format,
        request.maxBytes,
      );
      return { ...shape, faces: heads.length, ...(notes.length > 0 && { notes }), timings: clock.stop() };
    }
    const encoded = await encode(picture, request.format, request.maxBytes);
    if (photo.isSmaller || encoded.width < photo.width) notes.push('smaller');
    const drawing = { ...encoded, format: request.format, faces: heads.length };
    return { ...drawing, ...(notes.length > 0 && { notes }), timings: clock.stop() };
  }
}

/** Makes something when it is first wanted, and once; a failure is not remembered. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    made.catch(() => {
      made = undefined;
    });
    return made;
  };
}

/** Milliseconds between two counts of faces. */
const COUNT_MS = 250;

/** Measures the stages, announces them, and looks for a cancellation at every boundary. */
class StageClock {
  readonly #hooks: Hooks;
  readonly #spent: Record<Stage, number> = { decode: 0, faces: 0, style: 0, blend: 0, encode: 0 };
  readonly #started = performance.now();
  #stage: Stage | undefined;
  #since = this.#started;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
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
    // A network blocks the event loop; only after one turn of it has a message from the parent been read.
    await new Promise((resolve) => setImmediate(resolve));
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
