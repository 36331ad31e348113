/** Photos and cartoons as Redis keys that delete themselves. */
import { DctoonError } from '../../errors.ts';
import type { BlobStore } from '../blobs.ts';
import type { RedisConnections } from './connections.ts';
import { asDctoonError, TTL_SECONDS } from './store.ts';

export interface RedisBlobStoreOptions {
  readonly redis: RedisConnections;
  /** Milliseconds a released blob stays readable. Default: 0. */
  readonly keepMs?: number;
}

/** New photos are refused when Redis is this full: what was accepted must still be worked on and answered. */
const PHOTO_SHARE = 0.8;
const MEMORY_MS = 1000;

export class RedisBlobStore implements BlobStore {
  readonly #redis: RedisConnections;
  readonly #keepMs: number;
  #fill = { share: 0, at: 0 };

  constructor({ redis, keepMs = 0 }: RedisBlobStoreOptions) {
    this.#redis = redis;
    this.#keepMs = keepMs;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const isPhoto = key.endsWith('.photo');
    // A sender waits for the photo to be taken; a finished cartoon is worth waiting for Redis.
    const { prompt, patient } = this.#redis;
    try {
      if (isPhoto && (await this.#share()) > PHOTO_SHARE) throw new DctoonError('storage_full');
      const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      await (isPhoto ? prompt : patient).set(this.#at(key), data, 'EX', TTL_SECONDS);
    } catch (error) {
      throw asDctoonError(error);
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.#redis.patient.getBuffer(this.#at(key))) ?? undefined;
  }

  async release(key: string): Promise<void> {
    if (this.#keepMs === 0) await this.delete(key);
    else await this.#redis.patient.pexpire(this.#at(key), this.#keepMs);
  }

  async delete(key: string): Promise<void> {
    await this.#redis.patient.unlink(this.#at(key));
  }

  #at(key: string): string {
    return `${this.#redis.prefix}blob:${key}`;
  }

  /** How much of `maxmemory` is used, 0 to 1; 0 without a limit. */
  async #share(): Promise<number> {
    const now = Date.now();
    if (now - this.#fill.at > MEMORY_MS) {
      this.#fill.at = now;
      const memory = await this.#redis.prompt.info('memory');
      const value = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(memory)?.[1] ?? 0);
      const limit = value('maxmemory');
      this.#fill.share = limit === 0 ? 0 : value('used_memory') / limit;
    }
    return this.#fill.share;
  }
}
