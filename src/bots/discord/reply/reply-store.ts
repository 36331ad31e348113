/**
 * What has become of the pictures of a reply so far. Written to disk at each change, because the jobs of a group end
 * one by one: after a restart the rest must join the answers that are already there. Holds no token.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../../../shared/errors.ts';
import { ensurePrivateFolder, writeFileAtomic } from '../../../storage/atomic-file.ts';
import { isOlder } from '../../../storage/file-age.ts';
import type { DiscordReply } from '../types.ts';

/** Why a picture has no answer: an error of its job, or a platform that does not take the cartoon. */
const DELIVERY = ['delivery_too_large', 'delivery_auto_mod', 'delivery_failed', 'no_permission'] as const;
export type Reason = ErrorCode | (typeof DELIVERY)[number];
const REASONS: readonly Reason[] = [...(Object.keys(ERROR_CODES) as ErrorCode[]), ...DELIVERY];

const partSchema = z.discriminatedUnion('state', [
  /** Not yet in the queue; after a restart nobody will put it there any more. */
  z.object({ state: z.literal('pending') }),
  z.object({ state: z.literal('open') }),
  /** `attachmentId`: the file on the message that shows the group; absent once that is another message. */
  z.object({ state: z.literal('done'), attachmentId: z.string().optional() }),
  z.object({
    state: z.literal('failed'),
    reason: z.enum(REASONS),
    details: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
]);
const stateSchema = z.object({
  id: z.string(),
  userId: z.string(),
  parts: z.array(partSchema),
  /** The message that shows the group, when it is an ordinary message and not an interaction's reply. */
  message: z.object({ channelId: z.string(), id: z.string() }).optional(),
  /** The interaction token is dead; answers go to ordinary messages now. */
  detached: z.boolean(),
  /** The reply is gone; nobody is to be answered. */
  gone: z.boolean(),
  /** The last edit, with everything in it, is out. */
  closed: z.boolean(),
});

export type PartState = z.infer<typeof partSchema>;
export type GroupState = z.infer<typeof stateSchema>;

export function newGroupState(reply: DiscordReply): GroupState {
  return {
    id: reply.group,
    userId: reply.userId,
    parts: Array.from({ length: reply.parts }, () => ({ state: 'pending' })),
    detached: false,
    gone: false,
    closed: false,
  };
}

const NAME = /^dc-\d{1,20}$/;
/** Closed groups stay a while, so that a delivery repeated after a crash is recognised. */
const KEEP_MS = 60 * 60_000;

export class ReplyStore {
  readonly #folder: string;
  readonly #now: () => number;

  constructor(folder: string, now: () => number = Date.now) {
    this.#folder = folder;
    this.#now = now;
  }

  /** `undefined` when unknown or unreadable. */
  async load(id: string): Promise<GroupState | undefined> {
    if (!NAME.test(id)) return undefined;
    const text = await readFile(this.#path(id), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      return stateSchema.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  async save(state: GroupState): Promise<void> {
    if (!NAME.test(state.id)) throw new Error('Expected a group id like dc-<digits>');
    await ensurePrivateFolder(this.#folder);
    await writeFileAtomic(this.#path(state.id), JSON.stringify(state));
  }

  async delete(id: string): Promise<void> {
    if (NAME.test(id)) await rm(this.#path(id), { force: true });
  }

  /** Deletes the replies to a person. @returns how many there were */
  async forget(userId: string): Promise<number> {
    let count = 0;
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const id = /^(.+)\.json$/.exec(name)?.[1] ?? '';
      if ((await this.load(id))?.userId !== userId) continue;
      await this.delete(id);
      count += 1;
    }
    return count;
  }

  async sweep(): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const path = join(this.#folder, name);
      if (await isOlder(path, KEEP_MS, this.#now())) await rm(path, { force: true });
    }
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}
