/**
 * Keeps out of the decoder what a PNG carries beside its picture. Text chunks are compressed and a file may hold
 * thousands of them: 5 MB can keep a decoder busy for half a minute before it has seen the first pixel.
 */
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { gammaProfile } from './gamma-profile.ts';

/** Bytes of the signature, and of a chunk's length, type and checksum together (PNG specification, section 5). */
const SIGNATURE = 8;
const FRAME = 12;

/** A colour profile that inflates to more is dropped. The largest common ones, of printers, have about 2 MB. */
const MOST_PROFILE_BYTES = 4 * 1024 * 1024;
/** Longest eXIf chunk that is read; JPEG's has 64 kB at most. */
const MOST_EXIF_BYTES = 64 * 1024;

/** Samples that mean this (1 / 2.2, times 100,000) to within a twentieth are sRGB's as they are. */
const USUAL_GAMMA = 45_455;
const GAMMA_TOLERANCE = 0.05;
/** What decoders believe: from far darker to far brighter than any screen. */
const GAMMAS = { least: 4_000, most: 1_000_000 } as const;

/**
 * The same PNG with its critical chunks, transparency, the first colour profile and the first EXIF block, the latter
 * two if they are of a usual size; an unusual gamma becomes such a profile where there is none. The order stays; nothing is checked that the decoder checks.
 * @param png begins with PNG's signature
 */
export function withoutAncillaryChunks(png: Uint8Array): Uint8Array {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const kept: Uint8Array[] = [png.subarray(0, SIGNATURE)];
  const seen = new Set<string>();
  let gammaAt: { index: number; gamma: Uint8Array } | undefined;
  let colourType: number | undefined;
  for (let at = SIGNATURE; at + 8 <= png.length; ) {
    const end = at + FRAME + view.getUint32(at);
    const type = Buffer.from(png.subarray(at + 4, at + 8)).toString('latin1');
    const data = png.subarray(at + 8, Math.max(at + 8, end - 4));
    if (type === 'gAMA' && !seen.has(type)) gammaAt = { index: kept.length, gamma: data };
    if (isCritical(type) || (!seen.has(type) && isWanted(type, data))) kept.push(png.subarray(at, end));
    if (type === 'IHDR') colourType = data[9];
    seen.add(type);
    if (type === 'IEND') break;
    at = end;
  }
  if (gammaAt && !seen.has('iCCP') && !seen.has('sRGB')) {
    const profile = profileOf(gammaAt.gamma, colourType === 0 || colourType === 4);
    if (profile) kept.splice(gammaAt.index, 0, profile);
  }
  return Buffer.concat(kept);
}

/** gAMA as an iCCP chunk; undefined where it says nothing that sRGB does not say (section 11.3.2.2). */
function profileOf(gamma: Uint8Array, isGrey: boolean): Buffer | undefined {
  if (gamma.length !== 4) return undefined;
  const value = Buffer.from(gamma).readUInt32BE();
  if (value < GAMMAS.least || value > GAMMAS.most) return undefined;
  if (Math.abs(value / USUAL_GAMMA - 1) < GAMMA_TOLERANCE) return undefined;
  const profile = deflateSync(gammaProfile(100_000 / value, isGrey));
  const body = Buffer.concat([Buffer.from('iCCPgAMA\0\0', 'latin1'), profile]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(body.length - 4, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** Bit 5 of a type's first byte tells (section 5.4): upper case is critical. */
function isCritical(type: string): boolean {
  return (type.charCodeAt(0) & 0x20) === 0;
}

function isWanted(type: string, data: Uint8Array): boolean {
  if (type === 'tRNS') return true;
  if (type === 'eXIf') return data.length <= MOST_EXIF_BYTES;
  return type === 'iCCP' && hasUsualProfile(data);
}

/** iCCP: a name, a zero, the compression method, and the profile as a zlib stream (section 11.3.2.3). */
function hasUsualProfile(data: Uint8Array): boolean {
  try {
    return (
      inflateSync(data.subarray(data.indexOf(0) + 2), { maxOutputLength: MOST_PROFILE_BYTES }).length > 0
    );
  } catch {
    return false;
  }
}
