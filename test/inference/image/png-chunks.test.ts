/** What a PNG carries beside its picture never costs a decoder time. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { decode } from '../../../src/inference/image/decode.ts';
import { withoutAncillaryChunks } from '../../../src/inference/image/png-chunks.ts';
import { PROFILES } from '../../../src/inference/profile.ts';
import { astronaut, cut, drawn, pngChunk } from '../../support/photos.ts';

/** Signature and header. */
const BEHIND_HEADER = 33;

function withChunks(png: Buffer, ...chunks: readonly Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, BEHIND_HEADER), ...chunks, png.subarray(BEHIND_HEADER)]);
}

function types(png: Uint8Array): string[] {
  const bytes = Buffer.from(png);
  const found: string[] = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    found.push(bytes.toString('latin1', at + 4, at + 8));
  }
  return found;
}

it('hundreds of compressed text chunks cost no time', async () => {
  const text = pngChunk(
    'zTXt',
    Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.alloc(12 * 1024 * 1024))]),
  );
  const file = withChunks(
    await astronaut(),
    ...Array.from({ length: Math.floor(4.9e6 / text.length) }, () => text),
  );
  const before = process.cpuUsage();
  const { width, height } = await decode(file, PROFILES.full);
  const { user, system } = process.cpuUsage(before);
  expect([width, height]).toEqual([512, 512]);
  // Inflating them takes ten seconds and more of one core.
  expect((user + system) / 1e6).toBeLessThan(3);
}, 120_000);

it('keeps the picture, its transparency, profile and orientation, and nothing else', async () => {
  const source = await drawn(40, 30)
    .ensureAlpha(0.5)
    .png({ palette: true })
    .withIccProfile('p3')
    .withExif({ IFD0: { Artist: 'somebody' } })
    .withMetadata({ orientation: 6, density: 300 })
    .toBuffer();
  const text = pngChunk('tEXt', Buffer.from('a\0b'));
  const file = withChunks(source, text, text, pngChunk('vpAg', Buffer.alloc(9)));
  const stripped = withoutAncillaryChunks(file);
  expect(types(stripped)).toEqual(types(source).filter((type) => type !== 'pHYs'));
  const [before, after] = [await sharp(source).metadata(), await sharp(stripped).metadata()];
  expect(after).toMatchObject({ orientation: 6, hasAlpha: true });
  expect(after.icc).toEqual(before.icc);
  expect(await sharp(stripped).raw().toBuffer()).toEqual(await sharp(source).raw().toBuffer());
});

it.each([
  ['a profile that inflates to 64 MB', 'iCCP', [Buffer.from('a\0\0'), deflateSync(Buffer.alloc(1 << 26))]],
  ['a profile that is no zlib stream', 'iCCP', [Buffer.from('a\0\0 no stream')]],
  ['an EXIF block of 1 MB', 'eXIf', [Buffer.alloc(1 << 20)]],
])('drops %s', async (_, type, parts) => {
  const stripped = withoutAncillaryChunks(
    withChunks(await astronaut(), pngChunk(type, Buffer.concat(parts))),
  );
  expect(types(stripped)).not.toContain(type);
});

it('a second profile is not even looked at', async () => {
  const profile = pngChunk(
    'iCCP',
    Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.from('profile'))]),
  );
  const stripped = withoutAncillaryChunks(withChunks(await astronaut(), profile, profile, profile));
  expect(types(stripped).filter((type) => type === 'iCCP')).toHaveLength(1);
});

it('leaves it to the decoder to refuse what is cut short', async () => {
  for (const part of [0.00005, 0.1, 0.5]) {
    await expect(decode(cut(await astronaut(), part), PROFILES.full)).rejects.toMatchObject({
      code: expect.stringMatching(/^(broken_image|unsupported_format)$/),
    });
  }
});
