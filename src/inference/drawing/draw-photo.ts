/** From a decoded photo to its cartoon, the same on a server and in a browser: nothing here reads files or encodes. */
import type { InferenceSession } from 'onnxruntime-node';
import { cropHead, findHeads, type Head, type Heads } from '../faces/align.ts';
import type { FaceDetector } from '../faces/detector.ts';
import type { FaceMesh } from '../faces/landmarks.ts';
import { grey, type RawImage, resize } from '../image/raw-image.ts';
import type { Warper } from '../image/warp.ts';
import type { Profile } from '../profile.ts';
import type { StageClock } from '../stage-clock.ts';
import { compose } from './blend.ts';
import { CELL, type ColourBound } from './colour-bound.ts';
import type { DetailTransfer } from './detail-transfer.ts';
import { type KeptFace, keepFeatures } from './kept-features.ts';
import { atStrength, STRENGTH } from './strength.ts';
import { drawingSize, PICTURE_MARGIN, type Stylized, stylize } from './stylize.ts';

/** What every photo needs. */
export interface DrawingParts {
  readonly detector: FaceDetector;
  readonly mesh: FaceMesh;
  readonly warper: Warper;
  readonly detailTransfer: DetailTransfer;
  readonly colourBound: ColourBound;
  /** Grey, 288 x 288: the alpha of a head. */
  readonly mask: RawImage;
}

/** A style as its networks draw it. */
export interface DrawingStyle {
  /** What draws aligned heads, and what draws whole pictures; may be one and the same. */
  readonly session: (part: 'head' | 'scene') => Promise<InferenceSession>;
  /** The style knows no colours. */
  readonly monochrome: boolean;
}

export interface Drawing {
  readonly picture: RawImage;
  /** The heads that were drawn, largest first. */
  readonly heads: readonly Head[];
}

/**
 * Finds the faces of a photo and draws it: the whole picture, then every head.
 * @param photo its memory is taken over
 * @param strength per cent, see `strength.ts`
 * @param onHeads called before the photo itself is drawn over, with all heads that it has
 * @throws DctoonError `cancelled`
 */
export async function drawPhoto(
  photo: RawImage,
  style: DrawingStyle,
  strength: number,
  profile: Pick<Profile, 'drawingSide' | 'heads'>,
  { detector, mesh, warper, detailTransfer, colourBound, mask }: DrawingParts,
  clock: StageClock,
  onHeads?: (heads: Heads) => Promise<void>,
): Promise<Drawing> {
  const small = await resize(photo, drawingSize(photo, profile.drawingSide));

  await clock.enter('faces');
  const found = await findHeads(photo, small, detector, mesh);

  await clock.enter('style');
  const scenes = await style.session('scene');
  const bounded = (one: Stylized, cell: number) => (style.monochrome ? one : colourBound.apply(one, cell));
  const scene = { input: small, cartoon: await stylize(scenes, small, PICTURE_MARGIN) };
  const background = bounded(scene, CELL.picture);
  const networkOfHeads = found.drawn.length > 0 ? await style.session('head') : scenes;
  const drawn: Stylized[] = [];
  for (const head of found.drawn) {
    if (drawn.length === profile.heads.most || clock.elapsed() > profile.heads.untilMs) break;
    await clock.checkpoint();
    clock.count({ done: drawn.length, total: found.drawn.length });
    const input = await cropHead(photo, head, warper);
    drawn.push(bounded({ input, cartoon: await stylize(networkOfHeads, input, 0) }, CELL.head));
  }
  const heads = found.drawn.slice(0, drawn.length);

  await clock.enter('blend');
  await onHeads?.(found);
  const faces = drawn.map((one) => atStrength(one, strength));
  const behind = atStrength(background, strength);
  const kept: KeptFace[] = [];
  for (const head of [...found.drawn.slice(drawn.length), ...found.kept]) {
    await clock.checkpoint();
    kept.push(await keepFeatures(photo, head, behind, warper, detailTransfer));
  }
  const cartoon = await compose(photo, behind, heads, faces, mask, detailTransfer, kept);
  // Below full strength some of the photo is wanted, and its colours with it.
  const isGrey = style.monochrome && strength >= STRENGTH.usual;
  return { picture: isGrey ? await grey(cartoon) : cartoon, heads };
}
