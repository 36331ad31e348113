/** Finds the pictures in a message: attachments, components, forwarded messages, embeds and stickers. */
import {
  type APIAttachment,
  type APIEmbed,
  type APIMessage,
  type APIStickerItem,
  type APIUser,
  AttachmentFlags,
  type CDN,
  StickerFormatType,
} from 'discord.js';
import type { FileDownloader } from '../originals/file-download.ts';
import { type ImageInput, MAX_PICTURES } from '../types.ts';
import { type ComponentMedia, mediaOf } from './component-media.ts';

/** Why a message without a picture has none; the answer depends on it. `foreign`: it shows one that is not on Discord. */
export type Absence = 'video' | 'sticker' | 'foreign' | 'other';

export interface MessageImages {
  /** At most ten, in the order in which the message shows them. */
  readonly images: readonly ImageInput[];
  /** What there was instead, when there are no images. */
  readonly absence: Absence;
}

type Content = Pick<APIMessage, 'attachments' | 'components' | 'embeds' | 'sticker_items'>;

/** What of `FileDownloader` is needed to know where a picture may be fetched. */
export type Source = Pick<FileDownloader, 'cdn' | 'isAllowed'>;

const PICTURE_NAME = /\.(jpe?g|png|webp|gif|avif|heic|heif|bmp|tiff?)$/i;

export function imagesOf(message: APIMessage, source: Source): MessageImages {
  const contents: Partial<Content>[] = [
    message,
    ...(message.message_snapshots ?? []).map((snapshot) => snapshot.message as Partial<Content>),
  ];
  const images = contents.flatMap((content) => [
    ...(content.attachments ?? []).filter(isPicture).map(fromAttachment),
    ...mediaIn(content)
      .filter(isPictureMedia)
      .flatMap((media) => fromMedia(media, source)),
    ...(content.sticker_items ?? []).flatMap((sticker) => fromSticker(sticker, source.cdn)),
    ...(content.embeds ?? []).flatMap((embed) => fromEmbed(embed, source)),
  ]);
  // An embed often shows the picture of a link to an attachment that is there as well.
  const unique = images.filter((one, index) => images.findIndex((other) => other.url === one.url) === index);
  const has = (test: (content: Partial<Content>) => boolean | undefined) => contents.some(test);
  return { images: unique.slice(0, MAX_PICTURES), absence: absenceIn(has) };
}

function absenceIn(has: (test: (content: Partial<Content>) => boolean | undefined) => boolean): Absence {
  const isVideo = (type: string | null | undefined) => type?.startsWith('video/') === true;
  if (has(({ attachments }) => attachments?.some((one) => isVideo(one.content_type)))) return 'video';
  if (has((content) => mediaIn(content).some(({ media }) => isVideo(media.content_type)))) return 'video';
  if (has(({ sticker_items }) => (sticker_items?.length ?? 0) > 0)) return 'sticker';
  const foreign = (content: Partial<Content>) =>
    mediaIn(content).some(isPictureMedia) ||
    content.embeds?.some(({ image, thumbnail }) => image ?? thumbnail);
  return has((content) => Boolean(foreign(content))) ? 'foreign' : 'other';
}

/** Of the message's own components, and of those that its embeds have in Discord's description of the API. */
function mediaIn({ components, embeds = [] }: Partial<Content>): ComponentMedia[] {
  type WithComponents = Pick<APIMessage, 'components'>;
  return [components, ...embeds.map((embed) => (embed as WithComponents).components)].flatMap((some) =>
    mediaOf(some),
  );
}

/** A gallery holds pictures and videos; what a file component holds, its name says. */
function isPictureMedia({ media, name }: ComponentMedia): boolean {
  if (media.content_type) return media.content_type.startsWith('image/');
  return name === undefined || PICTURE_NAME.test(name);
}

/** From Discord itself, or from its proxy; a picture that only another site has is not fetched. */
function fromMedia({ media, spoiler, alt, size }: ComponentMedia, source: Source): ImageInput[] {
  const url = [media.url, media.proxy_url].find((one) => one && source.isAllowed(one));
  if (!url) return [];
  return [{ url, spoiler, ...(alt ? { alt } : {}), ...(size === undefined ? {} : { size }) }];
}

/** By type, else by name. What it really is, the decoder finds out. */
function isPicture(attachment: APIAttachment): boolean {
  return attachment.content_type?.startsWith('image/') || PICTURE_NAME.test(attachment.filename);
}

export function fromAttachment(attachment: APIAttachment): ImageInput {
  const flagged = ((attachment.flags ?? 0) & AttachmentFlags.IsSpoiler) !== 0;
  return {
    url: attachment.url,
    size: attachment.size,
    // Not every hidden attachment has the prefix since June 2026, and older ones have only that.
    spoiler: flagged || attachment.filename.startsWith('SPOILER_'),
    ...(attachment.description ? { alt: attachment.description } : {}),
  };
}

function fromSticker(sticker: APIStickerItem, cdn: CDN): ImageInput[] {
  // Lottie stickers are vector animations, no pictures.
  if (sticker.format_type === StickerFormatType.Lottie) return [];
  const extension = sticker.format_type === StickerFormatType.GIF ? 'gif' : 'png';
  return [{ url: cdn.sticker(sticker.id, extension), spoiler: false, alt: sticker.name }];
}

function fromEmbed(embed: APIEmbed, source: Source): ImageInput[] {
  // Only Discord's own copy is asked for: the picture's address is anywhere in the internet.
  const { image, thumbnail } = embed;
  const links = [image?.proxy_url, image?.url, thumbnail?.proxy_url, thumbnail?.url];
  const url = links.find((link) => link && source.isAllowed(link));
  return url ? [{ url, spoiler: false, ...(embed.title ? { alt: embed.title } : {}) }] : [];
}

/** Somebody's picture, the one of this server if there is one; everybody has at least a default one. */
export function avatarOf(
  user: APIUser,
  cdn: CDN,
  member?: { readonly guildId: string; readonly avatar?: string | null | undefined },
): ImageInput {
  const options = { extension: 'png', forceStatic: true, size: 1024 } as const;
  let url: string;
  if (member?.avatar) url = cdn.guildMemberAvatar(member.guildId, user.id, member.avatar, options);
  else if (user.avatar) url = cdn.avatar(user.id, user.avatar, options);
  // The formula for people without a discriminator (Discord's documentation on default avatars).
  else url = cdn.defaultAvatar(Number((BigInt(user.id) >> 22n) % 6n));
  return { url, spoiler: false, alt: user.global_name ?? user.username };
}
