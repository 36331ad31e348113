/** Which image container a file is, by its own bytes. Names and media types that came along are ignored: they lie. */

export type Container = 'jpeg' | 'png' | 'gif' | 'webp' | 'avif' | 'heic';

/** HEIF brands (ISO/IEC 23008-12 annex B) whose pictures are coded with HEVC, which npm's sharp cannot decode. */
const HEVC_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'mif1', 'msf1']);

/** What the first bytes announce; undefined where it is none of the accepted containers. */
export function containerOf(photo: Uint8Array): Container | undefined {
  const text = (start: number, end: number) => String.fromCharCode(...photo.subarray(start, end));
  if (text(0, 3) === '\xff\xd8\xff') return 'jpeg';
  if (text(0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (/^GIF8[79]a$/.test(text(0, 6))) return 'gif';
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'webp';
  if (text(4, 8) === 'ftyp') return heifOf(text(8, Math.min(photo.length, 256)), photo);
  return undefined;
}

/** AVIF or HEIC, by the brands of the `ftyp` box (major brand, 4 bytes of version, compatible brands). */
function heifOf(brandText: string, photo: Uint8Array): 'avif' | 'heic' | undefined {
  const boxLength = new DataView(photo.buffer, photo.byteOffset, photo.byteLength).getUint32(0);
  const brands = (brandText.slice(0, Math.max(4, boxLength - 8)).match(/.{4}/gs) ?? []).filter(
    (_, i) => i !== 1,
  );
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
  return brands.some((brand) => HEVC_BRANDS.has(brand)) ? 'heic' : undefined;
}

/**
 * Width and height in pixels as the frame header of a JPEG says them (ITU-T T.81, B.2.2), without a decoder. Undefined
 * where there is no such header.
 */
export function jpegSize(photo: Uint8Array): { readonly width: number; readonly height: number } | undefined {
  if (containerOf(photo) !== 'jpeg') return undefined;
  const bytes = new DataView(photo.buffer, photo.byteOffset, photo.byteLength);
  for (let at = 2; at + 9 <= bytes.byteLength && bytes.getUint8(at) === 0xff; ) {
    const marker = bytes.getUint8(at + 1);
    // SOF0 to SOF15 without DHT, JPG and DAC, which lie among them.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: bytes.getUint16(at + 5), width: bytes.getUint16(at + 7) };
    at += 2 + bytes.getUint16(at + 2);
  }
  return undefined;
}
