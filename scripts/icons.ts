/**
 * The icons of the page in every size that browsers, home screens and chats ask for, from `icon.svg`, and the picture that
 * chats show beside a link. `npx tsx scripts/icons.ts`
 */
import { readFile, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { launchChromium } from '../test/support/browser.ts';

const root = new URL('../', import.meta.url);
const asset = (name: string) => new URL(`src/web/assets/${name}`, root);
const svg = await readFile(asset('icon.svg'), 'utf8');

/** Home screens cut their own shape: the face fills the square, and what matters stays in the middle 80 %. */
const maskable = svg
  .replace('viewBox="0 0 64 64"', 'viewBox="6 6 52 52"')
  .replace('<circle cx="32" cy="32" r="29"/></clipPath>', '<path d="M0 0h64v64H0z"/></clipPath>')
  .replace(/<circle cx="32" cy="32" r="29" fill="none"[^>]*\/>/, '');

const png = (source: string, size: number): Promise<Buffer> =>
  sharp(Buffer.from(source), { density: 600 })
    .resize(size, size)
    .png({ palette: true, colours: 64, compressionLevel: 9, effort: 10 })
    .toBuffer();

await writeFile(asset('icon-192.png'), await png(svg, 192));
await writeFile(asset('icon-512.png'), await png(svg, 512));
await writeFile(asset('icon-maskable-512.png'), await png(maskable, 512));
await writeFile(asset('icon-touch-180.png'), await png(maskable, 180));
await writeFile(asset('favicon.ico'), ico([await png(svg, 16), await png(svg, 32), await png(svg, 48)]));

/** A Windows icon whose pictures are PNGs: a header of 6 bytes, 16 for each picture, then the pictures. */
function ico(pictures: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(6 + 16 * pictures.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(pictures.length, 4);
  let offset = header.length;
  for (const [index, picture] of pictures.entries()) {
    const at = 6 + 16 * index;
    const size = picture.readUInt32BE(16); // IHDR: width
    header.writeUInt8(size, at);
    header.writeUInt8(size, at + 1);
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(picture.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += picture.length;
  }
  return Buffer.concat([header, ...pictures]);
}

const data = async (file: string, type: string) =>
  `data:${type};base64,${(await readFile(new URL(file, root))).toString('base64')}`;
const faces = await Promise.all(
  ['3d', 'anime', 'handdrawn', 'artstyle'].map((style) =>
    data(`models/thumbnails/${style}.jpg`, 'image/jpeg'),
  ),
);
const font = await data('src/web/assets/unbounded-latin.woff2', 'font/woff2');
const browser = await launchChromium();
const page = await browser.newPage({ viewport: { width: 1200, height: 630 } });
await page.setContent(`<style>
  @font-face { font-family: Unbounded; src: url(${font}); font-weight: 600; }
  * { box-sizing: border-box; margin: 0; }
  body { height: 630px; padding: 64px; background: #fbf5ea; color: #1f2340; font: 600 30px/1 Unbounded; position: relative; overflow: hidden; }
  body::before { content: ''; position: absolute; inset: 0;
    background: radial-gradient(circle, #f3cfa8 31%, transparent 34%) 0 0 / 22px 22px;
    mask: radial-gradient(60% 90% at 100% 0%, #000, transparent 72%), radial-gradient(60% 80% at 0% 100%, #000, transparent 72%); }
  header, h1, div { position: relative; }
  header { display: flex; align-items: center; gap: 20px; font-size: 36px; letter-spacing: -.03em; }
  header svg { width: 64px; height: 64px; }
  h1 { font: 600 62px/1.12 Unbounded; letter-spacing: -.04em; margin-top: 44px; }
  div { display: grid; grid-template-columns: repeat(4, 1fr); gap: 20px; margin-top: 56px; }
  img { width: 100%; border-radius: 30px; aspect-ratio: 1; object-fit: cover; }
</style><header>${svg}dctoon</header><h1>Photo in, cartoon out.</h1><div>${faces.map((src) => `<img src="${src}">`).join('')}</div>`);
await page.evaluate('document.fonts.ready');
await writeFile(asset('social.jpg'), await page.screenshot({ type: 'jpeg', quality: 82 }));
await browser.close();
