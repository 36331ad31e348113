/** What `src/inference` promises. It knows bytes, styles and pictures; it knows no queue and no chat platform. */

/** Encodings of cartoons. */
export const PHOTO_FORMATS = ['jpeg', 'png', 'webp', 'avif'] as const;
export type PhotoFormat = (typeof PHOTO_FORMATS)[number];
/** What strangers may ask a service for: AVIF takes seconds of a core for one large picture. */
export const SERVED_FORMATS = ['jpeg', 'png', 'webp'] as const satisfies readonly PhotoFormat[];

/**
 * What a cartoon is cut to: the whole photo, a sticker (transparent WebP with a white outline, 512 pixels), an avatar (square
 * round the head, 1024 pixels), an emoji (transparent PNG of the head, 128 pixels), or the people alone at full size (PNG).
 */
export const SHAPES = ['photo', 'sticker', 'avatar', 'emoji', 'cutout'] as const;
export type Shape = (typeof SHAPES)[number];
/** Encodings of the shapes that need transparency; the others are encoded as asked. */
export const SHAPE_FORMATS: Readonly<Partial<Record<Shape, PhotoFormat>>> = {
  sticker: 'webp',
  emoji: 'png',
  cutout: 'png',
};

/** Stages of one photo, in order; reported through `onProgress`. */
export type Stage = 'decode' | 'faces' | 'style' | 'blend' | 'encode';

/** How many of a photo's faces are drawn; reported with the stage `style` where there are several. */
export interface FaceCount {
  readonly done: number;
  readonly total: number;
}

/** Called when a stage begins, and as the faces of a group are drawn, a few times a second. */
export type OnProgress = (stage: Stage, faces?: FaceCount) => void;

/** Milliseconds spent per stage, and in total, measured in the inference child. */
export type Timings = Readonly<Record<Stage | 'total', number>>;

export interface CartoonizeOptions {
  /** A style id from the manifest, e.g. `3d`. */
  readonly style: string;
  /** Output encoding. Default `jpeg` (quality 92). What needs transparency has a format of its own, see `Shape`. */
  readonly format?: PhotoFormat;
  /** Default `photo`. */
  readonly as?: Shape;
  /** How far the drawing goes, in whole per cent from 0 (the photo) to 150. Default 100, as the style draws. */
  readonly strength?: number;
  /** Upper bound for the encoded result in bytes; the picture is re-encoded smaller until it fits. Default: none. */
  readonly maxBytes?: number;
  /** Cancels waiting or running work; the promise rejects with code `cancelled`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** What log lines about this photo call it, as their field `job`; for a queue the job's id. */
  readonly job?: string;
}

/** `smaller`: than the photo, which was too large, or to fit `maxBytes`. `damaged`: the end of the photo's file is missing. */
export type Note = 'smaller' | 'damaged';

export interface Cartoon {
  /** The encoded picture, without any metadata of the photo. */
  readonly image: Uint8Array;
  readonly format: PhotoFormat;
  /** Pixels; the photo's own size after its EXIF orientation, at most 24 megapixels (`TIER=small`: 2048 on the long side). */
  readonly width: number;
  readonly height: number;
  /** How many faces were found and drawn. */
  readonly faces: number;
  /** What whoever sent the photo should know about it, if anything. */
  readonly notes?: readonly Note[];
  readonly timings: Timings;
}

/** A style as users see it; comes from `models/manifest.json`, never hard-coded. */
export interface Style {
  readonly id: string;
  /** English title; translations are in the manifest under `titles`. */
  readonly title: string;
  readonly titles: Readonly<Record<string, string>>;
  /** English; what is not in `descriptions` falls back to it. */
  readonly description: string;
  readonly descriptions: Readonly<Record<string, string>>;
}

/** The part of `Cartoonizer` that the layers above use (tests may pass their own). */
export interface CartoonEngine {
  readonly styles: readonly Style[];
  /** @throws DctoonError `unsupported_format` | `heic` | `too_large` | `too_many_pixels` | `broken_image` | `unknown_style` | `no_person` | `timeout` | `crashed` | `cancelled` | `internal` */
  cartoonize(photo: Uint8Array, options: CartoonizeOptions): Promise<Cartoon>;
  close(): Promise<void>;
}
