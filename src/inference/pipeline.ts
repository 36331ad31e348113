/** The way of one photo, stage after stage. Runs in the inference child. */
import sharp from 'sharp';
import { once } from '../shared/once.ts';
import { PersonMask } from './cutout/person-mask.ts';
import { cut } from './cutout/shapes.ts';
import { ColourBound } from './drawing/colour-bound.ts';
import { DetailTransfer } from './drawing/detail-transfer.ts';
import { type DrawingParts, drawPhoto } from './drawing/draw-photo.ts';
import { STRENGTH } from './drawing/strength.ts';
import { FaceDetector } from './faces/detector.ts';
import { FaceMesh } from './faces/landmarks.ts';
import { decode, decodeAlpha, restrictLoaders } from './image/decode.ts';
import { encode } from './image/encode.ts';
import { Kernels } from './image/kernels.ts';
import { type RawImage, render } from './image/raw-image.ts';
import { Warper } from './image/warp.ts';
import { readManifest, readModelFile } from './models/manifest.ts';
import { openSession, StyleSessions } from './models/sessions.ts';
import type { Profile } from './profile.ts';
import { type Hooks, StageClock } from './stage-clock.ts';
import type { Cartoon, Note, PhotoFormat, Shape } from './types.ts';

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

interface Parts extends DrawingParts {
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
      colourBound: new ColourBound(kernels),
      mask: await render(sharp(mask).toColourspace('b-w')),
      styles: new StyleSessions(modelsDir, manifest, openStyles),
      openPersonMask: once(
        async () => new PersonMask(await openSession(modelsDir, manifest.personMask), kernels),
      ),
    };
    return new Pipeline(parts, options);
  }

  /** @throws DctoonError as `CartoonEngine.cartoonize`, without `timeout` and `crashed` */
  async run(request: CartoonizeRequest, hooks: Hooks): Promise<Cartoon> {
    const { styles, openPersonMask, ...parts } = this.#parts;
    const { style, format, strength = STRENGTH.usual, as = 'photo' } = request;
    const clock = new StageClock(hooks, () => new Promise((resolve) => setImmediate(resolve)));

    await clock.enter('decode');
    const photo = await decode(request.photo, this.#profile);
    let people: RawImage | undefined;
    const { picture, heads } = await drawPhoto(
      photo,
      { session: (part) => styles.get(style, part), monochrome: styles.entry(style).monochrome },
      strength,
      this.#profile,
      parts,
      clock,
      async ({ drawn, kept }) => {
        // What comes cut out, such as a sticker, keeps its own transparency where the file that leaves has one.
        if (as !== 'photo' || format === 'png') people = await decodeAlpha(request.photo);
        if (as === 'photo') return;
        people ??= await (await openPersonMask()).find(photo, [...drawn, ...kept]);
      },
    );

    await clock.enter('encode');
    const notes: Note[] = photo.isDamaged ? ['damaged'] : [];
    if (as !== 'photo' || people) {
      const shape = await cut(
        as === 'photo' ? 'cutout' : as,
        { cartoon: picture, mask: people, heads },
        request.format,
        request.maxBytes,
      );
      return { ...shape, faces: heads.length, ...(notes.length > 0 && { notes }), timings: clock.stop() };
    }
    const side = Math.max(picture.width, picture.height);
    const alpha =
      request.format === 'jpeg' ? undefined : await decodeAlpha(request.photo, { side, share: SEEN_SHARE });
    const encoded = await encode(picture, request.format, request.maxBytes, alpha);
    if (photo.isSmaller || encoded.width < photo.width) notes.push('smaller');
    const drawing = { ...encoded, format: request.format, faces: heads.length };
    return { ...drawing, ...(notes.length > 0 && { notes }), timings: clock.stop() };
  }
}

/** Share of a picture that must be transparent for its cartoon to be so: a stray pixel must not cost a channel. */
const SEEN_SHARE = 0.001;
