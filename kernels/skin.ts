/** Gives drawn skin a tone: the inner loop of `src/inference/drawing/skin-tone.ts`, which says why. */

/** Squared distance, in grey levels, from the drawn skin's colour at which a pixel is none. */
const FAR: f32 = 90 * 90;

// @ts-ignore: decorator
@inline
function unit(x: f32): f32 {
  return max<f32>(0, min<f32>(1, x));
}

/**
 * Multiplies, in place, the pixels of a cartoon that look like drawn skin by a tone.
 * @param mask a byte per pixel: how much of the tone it may take
 * @param red,green,blue the drawn skin's colour
 * @param toneR,toneG,toneB 0..1
 */
export function tone(
  cartoon: usize,
  mask: usize,
  count: i32,
  red: f32,
  green: f32,
  blue: f32,
  toneR: f32,
  toneG: f32,
  toneB: f32,
): void {
  const sum = red + green + blue;
  // Eye whites, teeth and walls are as bright as drawn skin, but not as warm.
  const warm = max<f32>(0.012, (red - blue) / sum);
  for (let i = 0; i < count; i++) {
    const seen = load<u8>(mask + i);
    if (seen > 0) {
      const r = f32(load<u8>(cartoon));
      const g = f32(load<u8>(cartoon, 1));
      const b = f32(load<u8>(cartoon, 2));
      const light = (r + g + b + 1) / sum;
      // Shaded skin is skin: compared at the same brightness.
      const scale: f32 = 1.0 / max<f32>(0.3, min<f32>(1.05, light));
      const distance =
        (r * scale - red) * (r * scale - red) +
        (g * scale - green) * (g * scale - green) +
        (b * scale - blue) * (b * scale - blue);
      const near = unit(1.0 - distance / FAR);
      const warmth = unit((r - b) / ((r + g + b + 1) * warm));
      const weight =
        (f32(seen) / 255) *
        (near * near) *
        (warmth * warmth * (3 - 2 * warmth));
      store<u8>(cartoon, u8(r * (1 - weight + weight * toneR) + 0.5));
      store<u8>(cartoon, u8(g * (1 - weight + weight * toneG) + 0.5), 1);
      store<u8>(cartoon, u8(b * (1 - weight + weight * toneB) + 0.5), 2);
    }
    cartoon += 3;
  }
}
