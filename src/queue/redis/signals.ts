/**
 * Short messages between the processes of one service, sent by the scripts. A message may get lost (a connection that
 * is being made again); all of them only hasten what looking at Redis once a second would find out too.
 */
import { z } from 'zod';
import type { Logger } from '../../observability/logger.ts';
import { ERROR_CODES, type ErrorCode } from '../../shared/errors.ts';
import { parseJson } from '../../shared/json.ts';
import type { RedisConnections } from '../../storage/redis-connections.ts';

const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];
const id = z.string();

const signalSchema = z.union([
  // to the process that answers for the job
  z.tuple([z.literal('processing'), id, z.number(), z.number()]),
  z.tuple([z.literal('progress'), id, z.string()]),
  z.tuple([z.literal('queued'), id]),
  z.tuple([z.literal('settled'), id]),
  // to the process that draws it
  z.tuple([z.literal('abort'), id, z.enum(codes)]),
]);

export type Signal = z.infer<typeof signalSchema>;

/** Subscribes to this process's messages. Resolves when none can be missed any more, to the function that ends it. */
export async function listen(
  { listener, prefix }: RedisConnections,
  instance: string,
  log: Logger,
  receive: (signal: Signal) => void,
): Promise<() => Promise<void>> {
  const channel = `${prefix}to:${instance}`;
  const hear = (from: string, text: string) => {
    if (from !== channel) return;
    // Another version of this program may send messages that this one does not know.
    const signal = parseJson(signalSchema, text);
    if (signal) receive(signal);
    else log.warn({ bytes: text.length }, 'a signal was not understood');
  };
  listener.on('message', hear);
  await listener.subscribe(channel);
  return async () => {
    listener.off('message', hear);
    await listener.unsubscribe(channel);
  };
}
