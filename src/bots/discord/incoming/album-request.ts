/** What somebody asked for, as plain JSON: it lies in the inbox until the queue has its pictures. */
import { z } from 'zod';
import { strengthSchema } from '../../../inference/drawing/strength-schema.ts';
import { PHOTO_FORMATS, SHAPES } from '../../../inference/types.ts';
import { LOCALES } from '../../../texts/index.ts';
import { type DiscordReply, type InteractionTarget, MAX_PICTURES } from '../types.ts';

const linkSchema = z.object({
  /** On Discord. Links die after about a day, long after the interaction. */
  url: z.string(),
  /** Bytes, if Discord says. */
  size: z.number().exactOptional(),
  spoiler: z.boolean(),
  alt: z.string().exactOptional(),
});
/** A part of the originals that are kept under the request's `source`. */
const keptSchema = z.object({ kept: z.number().int(), spoiler: z.boolean() });

const targetSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('interaction'),
    applicationId: z.string(),
    token: z.string(),
    createdAt: z.number(),
    fallback: z
      .union([z.object({ channelId: z.string() }), z.object({ dm: z.literal(true) })])
      .exactOptional(),
  }),
  z.object({ kind: z.literal('message'), channelId: z.string(), messageId: z.string() }),
]);

export const albumRequestSchema = z.object({
  /** Id of the interaction or message: the idempotency key. */
  id: z.string().regex(/^\d{1,20}$/),
  userId: z.string(),
  guildId: z.string().optional(),
  locale: z.enum(LOCALES),
  target: targetSchema,
  pictures: z.array(z.union([linkSchema, keptSchema])).max(MAX_PICTURES),
  style: z.string().optional(),
  strength: strengthSchema.optional(),
  format: z.enum(PHOTO_FORMATS).optional(),
  as: z.enum(SHAPES).optional(),
  /** Upper bound Discord names for files of this person and place. */
  fileLimit: z.number().optional(),
  /** Key of the originals: those that are kept already ("another style"), or under which these will be. */
  source: z.string().optional(),
});

/** The token dies at 15 minutes; half a minute is left for the upload. */
const TOKEN_LIFE_MS = 14.5 * 60_000;

export type AlbumRequest = z.infer<typeof albumRequestSchema>;
/** A picture to be drawn: where it is, and what is known about it. */
export type Wanted = AlbumRequest['pictures'][number];

/** Epoch milliseconds until which an interaction can be answered. */
export function deadlineOf(target: InteractionTarget): number {
  return target.createdAt + TOKEN_LIFE_MS;
}

export function isTokenAlive(target: InteractionTarget, now: number): boolean {
  return now < deadlineOf(target);
}

/** Id of the reply that the pictures of a request share. */
export function groupOf({ id }: Pick<AlbumRequest, 'id'>): string {
  return `dc-${id}`;
}

/** The reply target of every picture. */
export function repliesOf(request: AlbumRequest): DiscordReply[] {
  const { userId, guildId, target, source, pictures } = request;
  return pictures.map((picture, part) => ({
    group: groupOf(request),
    part,
    parts: pictures.length,
    userId,
    ...(guildId === undefined ? {} : { guildId }),
    target,
    spoiler: picture.spoiler,
    ...('alt' in picture && picture.alt ? { alt: picture.alt } : {}),
    ...(source === undefined ? {} : { source }),
  }));
}
