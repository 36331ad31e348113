import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newGroupState, ReplyStore } from '../../../../src/bots/discord/reply/reply-store.ts';
import type { DiscordReply } from '../../../../src/bots/discord/types.ts';

describe('reply store', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dctoon-replies-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const stateOf = (group: string) => newGroupState({ group, parts: 2, userId: '3' } as DiscordReply);

  it('states come back, unless they were damaged or are not ours', async () => {
    const store = new ReplyStore(folder);
    const state = stateOf('dc-1');
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

  it('two saves at once do not meet: each succeeds, and one of them is what is read', async () => {
    const store = new ReplyStore(folder);
    for (let round = 0; round < 50; round++) {
      const state = stateOf(`dc-${round}`);
      await Promise.all([store.save(state), store.save({ ...state, closed: true })]);
      expect(await store.load(state.id)).toMatchObject({ id: state.id, parts: state.parts });
    }
    expect(await readdir(folder)).toHaveLength(50);
  });

  it('a draft is no state, and is not swept away under its writer', async () => {
    const store = new ReplyStore(folder);
    await store.save(stateOf('dc-1'));
    await writeFile(join(folder, 'dc-2.json.tmp'), JSON.stringify(stateOf('dc-2')));
    await writeFile(join(folder, '0c4d.tmp'), '{"id":');
    expect(await store.load('dc-2')).toBeUndefined();
    expect(await store.load('0c4d.tmp')).toBeUndefined();
    await store.sweep();
    expect((await readdir(folder)).toSorted()).toEqual(['0c4d.tmp', 'dc-1.json', 'dc-2.json.tmp']);
    // An hour later it has no writer any more.
    await new ReplyStore(folder, () => Date.now() + 61 * 60_000).sweep();
    expect(await readdir(folder)).toEqual([]);
  });
});
