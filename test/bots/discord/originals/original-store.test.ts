import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OriginalStore } from '../../../../src/bots/discord/originals/original-store.ts';

describe('original store', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dctoon-originals-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('kept for their time after the answer, then deleted', async () => {
    let now = Date.now();
    const store = new OriginalStore({ folder, keepMs: 60_000, now: () => now });
    const ref = store.newRef('42');
    await store.put(ref, 1, Uint8Array.of(2));
    await store.put(ref, 0, Uint8Array.of(1));
    now += 5 * 60_000;
    // A photo that still waits is not out of time.
    expect(await store.parts(ref)).toEqual([0, 1]);
    await store.answered(ref, 0);
    now += 61_000;
    expect(await store.parts(ref)).toEqual([1]);
    await store.sweep();
    expect(await readdir(folder)).toEqual([`${ref}.1`]);
    expect(await store.get(ref, 0)).toBeUndefined();
    expect(await new OriginalStore({ folder, keepMs: 60_000 }).get(ref, 1)).toEqual(Buffer.of(2));
  });

  it('are not kept for ever by a clock that is set back', async () => {
    let now = Date.now();
    const store = new OriginalStore({ folder, keepMs: 60_000, now: () => now });
    const [answered, waiting] = [store.newRef('42'), store.newRef('42')];
    for (const ref of [answered, waiting]) await store.put(ref, 0, Uint8Array.of(1));
    await store.answered(answered, 0);
    now -= 365 * 24 * 3600_000;
    await store.sweep();
    now += 14 * 60_000;
    expect(await store.parts(waiting)).toEqual([0]);
    now += 3 * 60_000;
    await store.sweep();
    expect(await readdir(folder)).toEqual([]);
  });

  it('the oldest make way', async () => {
    let now = Date.now();
    const store = new OriginalStore({ folder, keepMs: 60_000, maxBytes: 250, now: () => now });
    const refs = [store.newRef('42'), store.newRef('42'), store.newRef('42')];
    for (const ref of refs) {
      await store.put(ref, 0, new Uint8Array(100));
      now += 1000;
    }
    expect(await Promise.all(refs.map((ref) => store.parts(ref)))).toEqual([[], [0], [0]]);
  });

  it('nothing is kept when nothing is to be kept', async () => {
    const store = new OriginalStore({ folder, keepMs: 0 });
    await store.put(store.newRef('42'), 0, Uint8Array.of(1));
    expect(await readdir(folder)).toEqual([]);
  });

  it('a forged key never leaves the folder', async () => {
    const store = new OriginalStore({ folder, keepMs: 60_000 });
    await fc.assert(
      fc.asyncProperty(fc.string(), async (ref) => {
        expect(await store.parts(ref)).toEqual([]);
      }),
    );
    await expect(store.get('../../../../etc/passwd', 0)).rejects.toThrow('Expected');
  });

  it('a draft that a dead process left is no original, and is deleted; one being written stays', async () => {
    const store = new OriginalStore({ folder, keepMs: 60_000 });
    const ref = store.newRef('42');
    await store.put(ref, 0, Uint8Array.of(1));
    await writeFile(join(folder, 'left.tmp'), 'half a photo');
    await writeFile(join(folder, 'new.tmp'), 'half a photo');
    const old = Date.now() / 1000 - 120;
    await utimes(join(folder, 'left.tmp'), old, old);
    await store.sweep();
    expect((await readdir(folder)).toSorted()).toEqual([`${ref}.0`, 'new.tmp'].toSorted());
    expect(await store.parts(ref)).toEqual([0]);
  });

  it("all originals of a person are deleted, and nobody else's", async () => {
    const store = new OriginalStore({ folder, keepMs: 60_000 });
    const [mine, also, other, old] = [
      store.newRef('42'),
      store.newRef('42'),
      store.newRef('421'),
      '42-'.repeat(8),
    ];
    for (const ref of [mine, also, other, old]) await store.put(ref, 0, Uint8Array.of(1));
    await store.put(mine, 1, Uint8Array.of(2));
    expect(await store.forget('42')).toBe(3);
    expect((await readdir(folder)).toSorted()).toEqual([`${other}.0`, `${old}.0`].toSorted());
    expect(await store.forget('42')).toBe(0);
  });
});
