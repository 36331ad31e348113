/** What `src/storage/blobs/types.ts` promises, as tests: every blob store runs them. */
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { type BlobStore, cartoonKey, photoKey } from '../../../src/storage/blobs/types.ts';
import { DraftFile } from '../../../src/storage/draft-file.ts';

/** Opens a store without blobs. */
export type BlobStoreFactory = () => Promise<BlobStore>;

export function describeBlobStore(
  name: string,
  factory: BlobStoreFactory,
  close: () => Promise<void> = async () => {},
): void {
  describe(`${name}: the blob store contract`, () => {
    afterEach(close);

    it('gives back what was put, byte for byte, and nothing for other keys', async () => {
      const blobs = await factory();
      const photo = crypto.getRandomValues(new Uint8Array(60_000));
      await blobs.put(photoKey('tg-1-2'), photo);
      await blobs.put(cartoonKey('tg-1-2'), new Uint8Array([7]));
      expect(Buffer.compare((await blobs.get(photoKey('tg-1-2'))) ?? Buffer.alloc(0), photo)).toBe(0);
      expect([...((await blobs.get(cartoonKey('tg-1-2'))) ?? [])]).toEqual([7]);
      expect(await blobs.get(photoKey('tg-1-3'))).toBeUndefined();
    });

    it('takes a part of a larger buffer, and an empty one', async () => {
      const blobs = await factory();
      await blobs.put('a.photo', new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 4));
      await blobs.put('b.photo', new Uint8Array());
      expect([...((await blobs.get('a.photo')) ?? [])]).toEqual([2, 3, 4]);
      expect((await blobs.get('b.photo'))?.length).toBe(0);
    });

    it('replaces', async () => {
      const blobs = await factory();
      await blobs.put('a.photo', new Uint8Array([1, 1]));
      await blobs.put('a.photo', new Uint8Array([2]));
      expect([...((await blobs.get('a.photo')) ?? [])]).toEqual([2]);
    });

    it('takes a file, of this file system or another', async () => {
      const blobs = await factory();
      for (const folder of [tmpdir(), '/dev/shm']) {
        const draft = await DraftFile.create(folder);
        await draft.append(new Uint8Array([1, 2]));
        await draft.append(new Uint8Array([3]));
        await blobs.put('a.photo', await draft.finish());
        await draft.discard();
        expect([...((await blobs.get('a.photo')) ?? [])]).toEqual([1, 2, 3]);
        await blobs.delete('a.photo');
      }
    });

    it('forgets what is deleted, and deletes what is not there', async () => {
      const blobs = await factory();
      await blobs.put('a.photo', new Uint8Array([1]));
      await blobs.delete('a.photo');
      await blobs.delete('a.photo');
      expect(await blobs.get('a.photo')).toBeUndefined();
    });
  });
}
