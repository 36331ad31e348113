/** Reading request bodies of strangers: counted while they arrive, with limits on bytes, silence, slowness and time. */
import { orFail } from './timeout.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** Milliseconds without a byte. */
  readonly idleMs: number;
  /** Milliseconds in all. */
  readonly totalMs: number;
  /** Fewer than so many bytes a second, over ten seconds, is too slow. Default: 0. */
  readonly leastRate?: number;
}

export class BodyError extends Error {
  override readonly name = 'BodyError';
  /** `aborted`: the sender went away. */
  readonly reason: 'too_large' | 'too_slow' | 'aborted';

  constructor(reason: BodyError['reason'], cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

const RATE_WINDOW_MS = 10_000;

/**
 * Passes a body on, chunk by chunk, as long as it keeps the limits. A false announcement of its length changes nothing;
 * a true one that is too large is refused before a byte is read.
 * @throws BodyError
 */
export async function* readChunks(request: Request, limits: BodyLimits): AsyncGenerator<Uint8Array> {
  const { maxBytes, idleMs, totalMs, leastRate = 0 } = limits;
  if (Number(request.headers.get('content-length')) > maxBytes) throw new BodyError('too_large');
  const reader = request.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  const deadline = Date.now() + totalMs;
  let bytes = 0;
  let window = { since: Date.now(), bytes: 0 };
  while (reader) {
    const patience = Math.max(0, Math.min(idleMs, deadline - Date.now()));
    const next = orFail(reader.read(), patience, () => new BodyError('too_slow'));
    const { done, value } = await next.catch((error: unknown) => {
      throw error instanceof BodyError ? error : new BodyError('aborted', error);
    });
    if (done) return;
    bytes += value.length;
    if (bytes > maxBytes) throw new BodyError('too_large');
    window.bytes += value.length;
    const elapsed = Date.now() - window.since;
    if (elapsed >= RATE_WINDOW_MS) {
      if (window.bytes < (leastRate * elapsed) / 1000) throw new BodyError('too_slow');
      window = { since: Date.now(), bytes: 0 };
    }
    yield value;
  }
}

/** A whole body in memory. @throws BodyError */
export async function readBody(request: Request, limits: BodyLimits): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readChunks(request, limits)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
