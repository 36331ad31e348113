/** Decodes files under a profile in a process of its own and prints how much its resident peak grew, per file. */
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { decode, restrictLoaders } from '../../../src/inference/image/decode.ts';
import { PROFILES, type ProfileName } from '../../../src/inference/profile.ts';

const [profile = 'full', file = ''] = process.argv.slice(2);

/** Highest resident size so far, in bytes. */
function peak(): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}

sharp.cache(false);
sharp.concurrency(1);
restrictLoaders();
const photo = readFileSync(file);
const before = peak();
const outcome = await decode(photo, PROFILES[profile as ProfileName]).then(
  () => 'drawn',
  (error: { code: string; details: object }) => ({ code: error.code, details: error.details }),
);
console.log(JSON.stringify({ outcome, grown: peak() - before }));
