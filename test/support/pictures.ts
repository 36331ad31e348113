/** Comparing pictures in tests. */
import sharp from 'sharp';

/**
 * Mean absolute difference of two encoded pictures, per channel value 0..255.
 * @throws Error when their sizes differ
 */
export async function meanDifference(before: Uint8Array, after: Uint8Array): Promise<number> {
  const raw = (image: Uint8Array) =>
    sharp(image).toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const [a, b] = await Promise.all([raw(before), raw(after)]);
  if (a.info.width !== b.info.width || a.info.height !== b.info.height) {
    throw new Error(`${a.info.width} x ${a.info.height} became ${b.info.width} x ${b.info.height}`);
  }
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += Math.abs((a.data[i] ?? 0) - (b.data[i] ?? 0));
  return sum / a.data.length;
}
