import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OriginalStore } from '../../../src/bots/discord/originals/original-store.ts';
import { newGroupState, ReplyStore } from '../../../src/bots/discord/reply/reply-store.ts';
import type { DiscordReply } from '../../../src/bots/discord/types.ts';

describe('stores', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dctoon-stores-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('originals: kept for their time after the answer, then deleted', async () => {
    let now = Date.now();
    const store = new OriginalStore({ folder, keepMs: 60_000, now: () => now });
    const ref = store.newRef();
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

  it('originals: the oldest make way', async () => {
    let now = Date.now();
    const store = new OriginalStore({ folder, keepMs: 60_000, maxBytes: 250, now: () => now });
    const refs = [store.newRef(), store.newRef(), store.newRef()];
    for (const ref of refs) {
      await store.put(ref, 0, new Uint8Array(100));
      now += 1000;
    }
    expect(await Promise.all(refs.map((ref) => store.parts(ref)))).toEqual([[], [0], [0]]);
  });

  it('originals: nothing is kept when nothing is to be kept', async () => {
    const store = new OriginalStore({ folder, keepMs: 0 });
    await store.put(store.newRef(), 0, Uint8Array.of(1));
    expect(await readdir(folder)).toEqual([]);
  });

  it('originals: a forged key never leaves the folder', async () => {
    const store = new OriginalStore({ folder, keepMs: 60_000 });
    await fc.assert(
      fc.asyncProperty(fc.string(), async (ref) => {
        expect(await store.parts(ref)).toEqual([]);
      }),
    );
    await expect(store.get('../../../../etc/passwd', 0)).rejects.toThrow('Expected');
  });

  it('replies: come back, unless they were damaged or are not ours', async () => {
    const store = new ReplyStore(folder);
    const state = newGroupState({ group: 'dc-1', parts: 2, userId: '3' } as DiscordReply);
    await store.save(state);
    expect(await store.load('dc-1')).toEqual(state);
    expect(await store.load('dc-2')).toBeUndefined();
    expect(await store.load('../x')).toBeUndefined();
    await writeFile(join(folder, 'dc-1.json'), '{"id":');
    expect(await store.load('dc-1')).toBeUndefined();
    const later = new ReplyStore(folder, () => Date.now() + 2 * 60 * 60_000);
    await later.sweep();
    expect(await readdir(folder)).toEqual([]);
  });
});
