/**
 * What a PNG's gAMA chunk means, as an ICC profile: libvips ignores the one and honours the other, so nobody has to loop over pixels.
 * A matrix and tone curve profile (ICC.1:2001-04, version 2.4) with the primaries of sRGB, or of grey.
 */

/** Columns of sRGB's matrix, adapted to D50. */
const PRIMARIES = {
  rXYZ: [0.4360747, 0.2225045, 0.0139322],
  gXYZ: [0.3850649, 0.7168786, 0.0971045],
  bXYZ: [0.1430804, 0.0606169, 0.7141733],
} as const;
const D50 = [0.9642, 1, 0.8249] as const;
const HEADER = 128;
/** Bytes of a tag's entry in the table. */
const ENTRY = 12;

/** @param exponent of the samples: light = sample ^ exponent, 0.1 to 25 */
export function gammaProfile(exponent: number, isGrey: boolean): Buffer {
  const curve = tag('curv', u32(1), u16(Math.round(exponent * 256)), u16(0));
  const tags: Record<string, Buffer> = isGrey
    ? { wtpt: xyz(D50), kTRC: curve }
    : {
        wtpt: xyz(D50),
        ...Object.fromEntries(Object.entries(PRIMARIES).map(([name, column]) => [name, xyz(column)])),
        rTRC: curve,
        gTRC: curve,
        bTRC: curve,
      };
  const names = Object.keys(tags);
  let at = HEADER + 4 + names.length * ENTRY;
  const table = [u32(names.length)];
  for (const name of names) {
    const { length } = tags[name] as Buffer;
    table.push(Buffer.from(name, 'latin1'), u32(at), u32(length));
    at += length;
  }
  const header = Buffer.alloc(HEADER);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x02400000, 8);
  header.write(`mntr${isGrey ? 'GRAY' : 'RGB '}XYZ `, 12, 'latin1');
  header.write('acsp', 36, 'latin1');
  for (const [index, value] of D50.entries()) header.writeInt32BE(fixed(value), 68 + 4 * index);
  return Buffer.concat([header, ...table, ...Object.values(tags)]);
}

function xyz(values: readonly number[]): Buffer {
  return tag('XYZ ', ...values.map((value) => u32(fixed(value))));
}

function tag(type: string, ...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(type, 'latin1'), u32(0), ...parts]);
}

function fixed(value: number): number {
  return Math.round(value * 65536);
}

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

function u16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16BE(value);
  return buffer;
}
