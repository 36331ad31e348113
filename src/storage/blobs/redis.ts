/** Photos and cartoons as Redis keys that delete themselves. */

import { DctoonError } from '../../shared/errors.ts';
import { asDctoonError, type RedisConnections, TTL_SECONDS } from '../redis-connections.ts';
import { FileReader } from './file-reader.ts';
import { type BlobStore, type Bytes, checkBlobKey } from './types.ts';

export interface RedisBlobStoreOptions {
  readonly redis: RedisConnections;
}

/** New photos are refused when Redis is this full: what was accepted must still be worked on and answered. */
const PHOTO_SHARE = 0.8;
const MEMORY_MS = 1000;
/**
 * A cartoon is stored even in a full Redis, since its answer is what makes room again: a script that has removed
 * something is not refused (`scripts.ts`). There are never more of them than photos accepted before.
 */
const SET_ALWAYS = `
redis.call('UNLINK', KEYS[1])
return redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
`;

export class RedisBlobStore implements BlobStore {
  readonly #redis: RedisConnections;
  readonly #files = new FileReader();
  #fill = { share: 0, at: 0 };

  constructor({ redis }: RedisBlobStoreOptions) {
    this.#redis = redis;
  }

  put(key: string, bytes: Bytes): Promise<void> {
    return this.#files.with(bytes, (inMemory) => this.#put(key, inMemory));
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.#redis.persistent.getBuffer(this.#at(key))) ?? undefined;
  }

  async delete(key: string): Promise<void> {
    await this.#redis.persistent.unlink(this.#at(key));
  }

  async #put(key: string, bytes: Uint8Array): Promise<void> {
    const { failFast, persistent } = this.#redis;
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    try {
      if (key.endsWith('.photo')) {
        // Somebody waits for the photo to be taken.
        if ((await this.#share()) > PHOTO_SHARE)
          throw new DctoonError('storage_full', 'Redis is nearly full');
        await failFast.set(this.#at(key), data, 'EX', TTL_SECONDS);
      } else {
        await persistent.eval(SET_ALWAYS, 1, this.#at(key), data, TTL_SECONDS);
      }
    } catch (error) {
      throw asDctoonError(error);
    }
  }

  #at(key: string): string {
    return `${this.#redis.prefix}blob:${checkBlobKey(key)}`;
  }

  /** How much of `maxmemory` is used, 0 to 1; 0 without a limit. */
  async #share(): Promise<number> {
    const now = Date.now();
    if (now - this.#fill.at > MEMORY_MS) {
      this.#fill.at = now;
      const memory = await this.#redis.failFast.info('memory');
      const value = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(memory)?.[1] ?? 0);
      const limit = value('maxmemory');
      this.#fill.share = limit === 0 ? 0 : value('used_memory') / limit;
    }
    return this.#fill.share;
  }
}
