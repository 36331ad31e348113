import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openSpool } from '../../../src/queue/memory/spool.ts';
import { FolderBlobStore } from '../../../src/storage/blobs/folder.ts';
import { S3BlobStore } from '../../../src/storage/blobs/s3.ts';
import { MemoryBlobStore } from '../../support/memory-blobs.ts';
import { LoopbackS3 } from '../../support/s3.ts';
import { describeBlobStore } from './contract.ts';

const log = pino({ level: 'silent' });
const closers: (() => unknown)[] = [];
const closeAll = async () => {
  for (const close of closers.splice(0).reverse()) await close();
};
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dctoon-blobs-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
async function openFolder(folder?: string): Promise<FolderBlobStore> {
  const store = await FolderBlobStore.open({ folder: folder ?? (await newFolder()), log });
  closers.push(() => store.close());
  return store;
}

describeBlobStore('in memory', async () => new MemoryBlobStore());
describeBlobStore(
  'in the spool',
  async () => {
    const spool = await openSpool({ folder: await newFolder(), log });
    closers.push(() => spool.close());
    return spool;
  },
  closeAll,
);
describeBlobStore('in a shared folder', () => openFolder(), closeAll);

describe('a shared folder', () => {
  afterEach(closeAll);

  it('is one store for all who open it', async () => {
    const folder = await newFolder();
    const [one, other] = [await openFolder(folder), await openFolder(folder)];
    await one.put('a.photo', new Uint8Array([1]));
    expect([...((await other.get('a.photo')) ?? [])]).toEqual([1]);
    await other.delete('a.photo');
    expect(await one.get('a.photo')).toBeUndefined();
  });

  it('deletes what a dead process left behind, after a day', async () => {
    const folder = await newFolder();
    const store = await openFolder(folder);
    for (const key of ['old.photo', 'new.photo']) await store.put(key, new Uint8Array([1]));
    const yesterday = new Date(Date.now() - 25 * 3600_000);
    await utimes(join(folder, 'live', 'old.photo'), yesterday, yesterday);
    await store.sweep();
    expect(await readdir(join(folder, 'live'))).toEqual(['new.photo']);
  });

  it('takes no key for a path', async () => {
    const store = await openFolder();
    await expect(store.put('../outside', new Uint8Array([1]))).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('S3', () => {
  let s3: LoopbackS3;
  beforeAll(async () => {
    s3 = await LoopbackS3.start();
  });
  afterAll(() => s3.stop());

  const open = (fields: Partial<Parameters<typeof S3BlobStore.open>[0]> = {}) => {
    s3.objects.clear();
    const { endpoint, region, accessKeyId, secretAccessKey } = s3;
    return S3BlobStore.open({
      bucket: 'photos',
      prefix: 'dctoon/',
      endpoint,
      region,
      accessKeyId,
      secretAccessKey,
      ...fields,
    });
  };
  describeBlobStore('in a bucket', () => open());

  it('signs every request, and puts objects under the prefix of its bucket', async () => {
    const store = await open();
    await store.put('tg-1.photo', new Uint8Array([1]));
    expect([...s3.objects.keys()]).toEqual(['/photos/dctoon/tg-1.photo']);
    expect(s3.refused).toEqual([]);
  });

  it('tries again where the service is busy', async () => {
    const store = await open();
    s3.failures.push(503, 500);
    await store.put('a.photo', new Uint8Array([1]));
    expect(s3.objects.size).toBe(1);
  });

  it('says that it is full, and shows no secret when it is refused', async () => {
    const store = await open();
    s3.failures.push(507, 507, 507, 507);
    await expect(store.put('a.photo', new Uint8Array([1]))).rejects.toMatchObject({ code: 'storage_full' });
    s3.failures.length = 0;
    const stranger = await open({ secretAccessKey: 'wrong secret' });
    const error = await stranger.get('a.photo').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'internal' });
    expect(String(error)).toContain('403');
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('wrong secret');
  });
});
