/** Parts of a mask: where they are, how they come together, and which of them are people. */
import type { Box, RawImage } from '../image/raw-image.ts';

/** A value from which a pixel belongs to somebody, of 255. */
const PRESENT = 128;
/** A value from which a pixel hangs together with its neighbours. */
const CONNECTED = 64;
/** A part is somebody when it has so much of the largest one's weight, else a reflection or a pattern. */
const PERSON_SHARE = 0.06;

/**
 * Lays a part over a mask, softly towards those edges that are not the mask's own.
 * @param part as large as `box`
 * @param how `instead` of what is there, or `besides`: the higher value counts
 */
export function lay(part: RawImage, mask: RawImage, box: Box, how: 'instead' | 'besides'): void {
  const soft = Math.max(1, Math.round(Math.min(box.width, box.height) / 10));
  const edge = (at: number, length: number, start: number, whole: number) => {
    const before = start === 0 ? 1 : (at + 1) / soft;
    const after = start + length === whole ? 1 : (length - at) / soft;
    return Math.min(1, before, after);
  };
  for (let y = 0; y < box.height; y++) {
    const down = edge(y, box.height, box.top, mask.height);
    for (let x = 0; x < box.width; x++) {
      const weight = Math.min(down, edge(x, box.width, box.left, mask.width));
      const at = (box.top + y) * mask.width + box.left + x;
      const there = mask.data[at] as number;
      const value = part.data[y * box.width + x] as number;
      mask.data[at] = how === 'instead' ? there + weight * (value - there) : Math.max(there, weight * value);
    }
  }
}

/** A part of a mask that hangs together. */
export interface Part {
  readonly box: Box;
  /** How many of its pixels belong to somebody. */
  readonly weight: number;
}

/**
 * Clears what is too small beside the largest part of a mask to be a person of its own.
 * @returns what is left, largest first
 */
export function keepPeople(mask: RawImage): Part[] {
  const { data } = mask;
  const { parts, nameOf } = partsOf(mask);
  const least = PERSON_SHARE * Math.max(0, ...parts.map(({ weight }) => weight));
  const isKept = parts.map(({ weight }) => weight > 0 && weight >= least);
  for (let at = 0; at < data.length; at++) {
    if (!isKept[nameOf[at] as number]) data[at] = 0;
  }
  return parts.filter((_, name) => isKept[name]).sort((a, b) => b.weight - a.weight);
}

/** The parts of a mask, and by pixel the index of its part, or -1. */
function partsOf({ data, width, height }: RawImage): { parts: Part[]; nameOf: Int32Array } {
  const nameOf = new Int32Array(data.length).fill(-1);
  const open = new Int32Array(data.length);
  const parts: Part[] = [];
  for (let start = 0; start < data.length; start++) {
    if (nameOf[start] !== -1 || (data[start] as number) < CONNECTED) continue;
    let [weight, end] = [0, 0];
    let [left, top, right, bottom] = [width, height, 0, 0];
    const visit = (at: number) => {
      if (nameOf[at] !== -1 || (data[at] as number) < CONNECTED) return;
      nameOf[at] = parts.length;
      open[end++] = at;
    };
    visit(start);
    for (let next = 0; next < end; next++) {
      const at = open[next] as number;
      const [x, y] = [at % width, Math.floor(at / width)];
      if ((data[at] as number) >= PRESENT) weight++;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
      if (x > 0) visit(at - 1);
      if (x < width - 1) visit(at + 1);
      if (y > 0) visit(at - width);
      if (y < height - 1) visit(at + width);
    }
    parts.push({ weight, box: { left, top, width: right - left + 1, height: bottom - top + 1 } });
  }
  return { parts, nameOf };
}
