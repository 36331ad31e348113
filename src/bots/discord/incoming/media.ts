/** Finds the pictures in a message: attachments, forwarded messages, embeds and stickers. */
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
import { type ImageInput, MAX_PICTURES } from '../types.ts';

/** Why a message without a picture has none; the answer depends on it. */
export type Absence = 'video' | 'sticker' | 'other';

export interface MessageImages {
  /** At most ten, in the order in which the message shows them. */
  readonly images: readonly ImageInput[];
  /** What there was instead, when there are no images. */
  readonly absence: Absence;
}

type Content = Pick<APIMessage, 'attachments' | 'embeds' | 'sticker_items'>;

const PICTURE_NAME = /\.(jpe?g|png|webp|gif|avif|heic|heif|bmp|tiff?)$/i;

export function imagesOf(message: APIMessage, cdn: CDN): MessageImages {
  const contents: Partial<Content>[] = [
    message,
    ...(message.message_snapshots ?? []).map((snapshot) => snapshot.message as Partial<Content>),
  ];
  const images = contents.flatMap((content) => [
    ...(content.attachments ?? []).filter(isPicture).map(fromAttachment),
    ...(content.sticker_items ?? []).flatMap((sticker) => fromSticker(sticker, cdn)),
    ...(content.embeds ?? []).flatMap(fromEmbed),
  ]);
  // An embed often shows the picture of a link to an attachment that is there as well.
  const unique = images.filter((one, index) => images.findIndex((other) => other.url === one.url) === index);
  const has = (test: (content: Partial<Content>) => boolean | undefined) => contents.some(test);
  const absence = has((content) => content.attachments?.some((one) => one.content_type?.startsWith('video/')))
    ? 'video'
    : has((content) => (content.sticker_items?.length ?? 0) > 0)
      ? 'sticker'
      : 'other';
  return { images: unique.slice(0, MAX_PICTURES), absence };
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

function fromEmbed(embed: APIEmbed): ImageInput[] {
  // Only Discord's proxy is asked: the picture's own address is anywhere in the internet.
  const url = embed.image?.proxy_url ?? embed.thumbnail?.proxy_url;
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
