/** The queue as configured: in this process with a spool on disk, or on Redis for many processes. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FilePreferences } from '../bots/conversation/preferences/file-preferences.ts';
import type { PreferenceStore } from '../bots/conversation/preferences/user-preferences.ts';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import { createMemoryQueue } from '../queue/memory/memory-queue.ts';
import { openSpool } from '../queue/memory/spool.ts';
import type { Queue } from '../queue/types.ts';
import type { BlobStore } from '../storage/blobs/types.ts';
import type { RedisConnections } from '../storage/redis-connections.ts';
import { concurrencyOf } from './concurrency.ts';
import { type Check, storageCheck } from './readiness.ts';
import type { Role } from './role.ts';

/** What the processes of a service share, if there are several. */
export interface Backend {
  readonly queue: Queue;
  readonly preferences: PreferenceStore;
  /** Why photos could not be taken at the moment. */
  readonly ready: Check;
  watch(metrics: Metrics): void;
  /** After the queue is closed. */
  close(): Promise<void>;
}

type Part = (name: string) => Logger;

/** @throws Error in plain words: a role of its own without QUEUE_URL, Redis or folder that cannot be used */
export async function openBackend(config: Config, role: Role, part: Part): Promise<Backend> {
  if (config.QUEUE_URL) return openShared(config, config.QUEUE_URL, part);
  if (role === 'all') return openEmbedded(config, part);
  throw new Error(`A ${role} process needs the queue of a Redis: set QUEUE_URL (docs/scaling.md).`);
}

async function openEmbedded(config: Config, part: Part): Promise<Backend> {
  const maxBytes = config.DATA_LIMIT_MB * 1e6;
  const spool = await openSpool({ folder: join(config.DATA_DIR, 'spool'), maxBytes, log: part('spool') });
  const queue = await createMemoryQueue({
    ...limitsOf(config),
    blobs: spool,
    journal: spool,
    log: part('queue'),
  });
  const file = join(config.DATA_DIR, 'preferences.json');
  return {
    queue,
    preferences: await FilePreferences.open({ file, log: part('preferences') }),
    ready: storageCheck(config.DATA_DIR, spool),
    watch: (metrics) => metrics.watchSpool(spool, maxBytes),
    close: async () => {},
  };
}

/** Loaded here and nowhere else: a service of one process needs no Redis client. */
async function openShared(config: Config, url: string, part: Part): Promise<Backend> {
  const [{ connectRedis }, { createRedisQueue }, { RedisPreferences }] = await Promise.all([
    import('../storage/redis-connections.ts'),
    import('../queue/redis/redis-queue.ts'),
    import('../bots/conversation/preferences/redis-preferences.ts'),
  ]);
  const redis = await connectRedis({ url, log: part('redis') });
  const blobs = await openBlobs(config, redis, part);
  const queue = await createRedisQueue({ ...limitsOf(config), redis, blobs, log: part('queue') });
  return {
    queue,
    preferences: await RedisPreferences.open({ redis, log: part('preferences') }),
    ready: () => (redis.isReady ? undefined : 'Redis (QUEUE_URL) cannot be reached; trying again.'),
    watch: () => {},
    close: async () => redis.close(),
  };
}

async function openBlobs(config: Config, redis: RedisConnections, part: Part): Promise<BlobStore> {
  const { BLOB_URL, AWS_REGION, AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = config;
  if (BLOB_URL === undefined) {
    const { RedisBlobStore } = await import('../storage/blobs/redis.ts');
    return new RedisBlobStore({ redis });
  }
  const { protocol, host, pathname } = new URL(BLOB_URL);
  if (protocol === 'file:') {
    const { FolderBlobStore } = await import('../storage/blobs/folder.ts');
    return FolderBlobStore.open({ folder: fileURLToPath(BLOB_URL), log: part('blobs') });
  }
  const { S3BlobStore } = await import('../storage/blobs/s3.ts');
  return S3BlobStore.open({
    bucket: host,
    prefix: pathname.replace(/^\/+/, '').replace(/([^/])$/, '$1/'),
    region: AWS_REGION,
    endpoint: AWS_ENDPOINT_URL_S3,
    accessKeyId: AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: AWS_SECRET_ACCESS_KEY ?? '',
  });
}

function limitsOf(config: Config) {
  return {
    concurrency: concurrencyOf(config),
    limit: config.QUEUE_LIMIT,
    limitPerUser: config.QUEUE_LIMIT_PER_USER,
  };
}
