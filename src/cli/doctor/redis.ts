/** Is the Redis of `QUEUE_URL` reached, and set up so that it keeps photos? The service's own checks decide. */
import type { Config } from '../../config/schema.ts';
import { createLogger } from '../../observability/logger.ts';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';

export async function checkRedis({ QUEUE_URL }: Pick<Config, 'QUEUE_URL'>): Promise<readonly Finding[]> {
  if (!QUEUE_URL) return [];
  const warnings = new Set<string>();
  const log = createLogger({
    level: 'warn',
    readable: false,
    write: (line) => void warnings.add((JSON.parse(line) as { msg: string }).msg),
  });
  try {
    const { connectRedis } = await import('../../storage/redis-connections.ts');
    const redis = await connectRedis({ url: QUEUE_URL, log });
    redis.close();
    return [ok('Redis (QUEUE_URL) is reached.'), ...[...warnings].map(warn)];
  } catch (error) {
    return [fail(reasonOf(error))];
  }
}
