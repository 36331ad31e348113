/** How far the drawing goes: from the photo itself over the cartoon as the network draws it to an exaggeration of it. */
import type { Stylized } from './stylize.ts';

/** Per cent. 0 is the photo, 100 what the network draws, more goes on in the same direction. */
export const STRENGTH = { least: 0, usual: 100, most: 150 } as const;

/** A whole number from 0 to 150. */
export function isStrength(strength: number): boolean {
  return Number.isInteger(strength) && strength >= STRENGTH.least && strength <= STRENGTH.most;
}

/** @throws RangeError where `strength` is no whole number from 0 to 150 */
export function checkStrength(strength: number): void {
  if (isStrength(strength)) return;
  throw new RangeError(`strength must be a whole number from ${STRENGTH.least} to ${STRENGTH.most}`);
}

/**
 * The drawing at a strength: `input + strength * (cartoon - input)`, which is the same as interpolating the gain and the
 * offset that the network predicts for every pixel. Pixels of the network's own size only, so it costs a millisecond.
 * @param strength per cent, 0 to 150
 */
export function atStrength(drawn: Stylized, strength: number): Stylized {
  if (strength === STRENGTH.usual) return drawn;
  const { input, cartoon } = drawn;
  const share = strength / 100;
  const from = input.data;
  const to = cartoon.data;
  // Rounds and clips what is written.
  const mixed = new Uint8ClampedArray(to.length);
  for (let i = 0; i < mixed.length; i++) {
    const photo = from[i] as number;
    mixed[i] = photo + share * ((to[i] as number) - photo);
  }
  return { input, cartoon: { ...cartoon, data: new Uint8Array(mixed.buffer) } };
}
