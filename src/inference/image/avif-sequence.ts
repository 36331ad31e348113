/**
 * Animated AVIF as a still. libvips knows no sequences (brand `avis`), but most such files carry their first picture as a still as well,
 * in a `meta` box: without the brands of a sequence they are ordinary AVIF.
 */

/** Brands of image sequences (AVIF 1.1, section 6; ISO/IEC 23008-12, annex B). */
const SEQUENCE = new Set(['avis', 'msf1']);

/** @returns the same file without a hint of its other pictures; undefined where it holds no still */
export function asStill(avif: Uint8Array): Uint8Array | undefined {
  const file = Buffer.from(avif);
  const boxes = [...topLevel(file)];
  const ftyp = boxes[0];
  if (ftyp?.type !== 'ftyp') return file;
  // Major brand, four bytes of version, compatible brands.
  const brands: number[] = [];
  for (let at = ftyp.start + 8; at + 4 <= ftyp.end; at += 4) if (at !== ftyp.start + 12) brands.push(at);
  if (!brands.some((at) => SEQUENCE.has(file.toString('latin1', at, at + 4)))) return file;
  if (!boxes.some(({ type }) => type === 'meta')) return undefined;
  for (const at of brands)
    if (SEQUENCE.has(file.toString('latin1', at, at + 4))) file.write('avif', at, 'latin1');
  for (const { type, start } of boxes) if (type === 'moov') file.write('free', start + 4, 'latin1');
  return file;
}

/** Boxes of the outermost level, as far as their lengths make sense. */
function* topLevel(file: Buffer): Generator<{ type: string; start: number; end: number }> {
  for (let start = 0; start + 8 <= file.length; ) {
    const length = file.readUInt32BE(start);
    // 0: to the end; 1: 64 bits, which no picture of 20 MB needs.
    const end = length === 0 ? file.length : start + length;
    if (end < start + 8 || end > file.length) return;
    yield { type: file.toString('latin1', start + 4, start + 8), start, end };
    start = end;
  }
}
