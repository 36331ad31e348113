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

/** Side of SSIM's windows, and how far apart they are. */
const WINDOW = { side: 8, step: 4 } as const;

/**
 * Mean absolute difference of two encoded pictures per channel value, and the structural similarity of their brightness (Wang et al. 2004,
 * with square windows), 1 = equal.
 * @throws Error when their sizes differ
 */
export async function similarity(
  one: Uint8Array,
  other: Uint8Array,
): Promise<{ mean: number; ssim: number }> {
  const mean = await meanDifference(one, other);
  const brightness = (image: Uint8Array) =>
    sharp(image).toColourspace('b-w').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const [a, b] = await Promise.all([brightness(one), brightness(other)]);
  const { width, height, channels } = a.info;
  const count = WINDOW.side ** 2;
  let sum = 0;
  let windows = 0;
  for (let top = 0; top + WINDOW.side <= height; top += WINDOW.step) {
    for (let left = 0; left + WINDOW.side <= width; left += WINDOW.step) {
      let [x, y, xx, yy, xy] = [0, 0, 0, 0, 0];
      for (let i = 0; i < count; i++) {
        const at = ((top + Math.floor(i / WINDOW.side)) * width + left + (i % WINDOW.side)) * channels;
        const [p, q] = [a.data[at] ?? 0, b.data[at] ?? 0];
        x += p;
        y += q;
        xx += p * p;
        yy += q * q;
        xy += p * q;
      }
      const [mx, my] = [x / count, y / count];
      const [vx, vy, cov] = [xx / count - mx * mx, yy / count - my * my, xy / count - mx * my];
      const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
      sum += ((2 * mx * my + c1) * (2 * cov + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2));
      windows++;
    }
  }
  return { mean, ssim: windows > 0 ? sum / windows : 1 };
}
