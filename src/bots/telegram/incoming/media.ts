/** Finds the photo in a message, or why there is none that can be drawn. */
import type { ExternalReplyInfo, Message, PhotoSize } from 'grammy/types';
import type { Form } from '../types.ts';

export interface IncomingPhoto {
  readonly fileId: string;
  /** Stays the same when the picture is forwarded. */
  readonly unique: string;
  readonly form: Form;
  /** As Telegram announces it. */
  readonly bytes: number | undefined;
}

/** Keys of `Texts.input`, or of an error. */
export type Refusal = 'video' | 'animation' | 'sticker' | 'notAPicture' | 'heic';

export type MediaMatch = { readonly photo: IncomingPhoto } | { readonly refusal: Refusal };

/** The decoder's formats, see `src/inference/image`. */
const READABLE = /^(jpe?g|png|webp|gif|avif)$/;
const HEIC = /^hei[cf]$/;

/**
 * The picture of a message: the largest size of a photo, an image sent as file, a static sticker, the cover of a
 * video. Undefined when the message has no media at all.
 */
export function mediaIn(message: Message | ExternalReplyInfo): MediaMatch | undefined {
  if (message.photo?.length) return { photo: fromSizes(message.photo) };
  // Animations come with a `document` for old clients, so they are looked at first.
  if (message.animation) return { refusal: 'animation' };
  if (message.sticker) {
    const { is_animated, is_video, file_id, file_unique_id, file_size } = message.sticker;
    if (is_animated || is_video) return { refusal: 'sticker' };
    return { photo: { fileId: file_id, unique: file_unique_id, form: 'photo', bytes: file_size } };
  }
  if (message.video?.cover?.length) return { photo: fromSizes(message.video.cover) };
  if (message.video || message.video_note) return { refusal: 'video' };
  if (message.document) {
    const { file_id, file_unique_id, file_size, mime_type, file_name } = message.document;
    const kind = kindOf(mime_type, file_name);
    if (HEIC.test(kind)) return { refusal: 'heic' };
    if (!READABLE.test(kind)) return { refusal: mime_type?.startsWith('video/') ? 'video' : 'notAPicture' };
    return { photo: { fileId: file_id, unique: file_unique_id, form: 'document', bytes: file_size } };
  }
  return undefined;
}

function fromSizes(sizes: readonly PhotoSize[]): IncomingPhoto {
  const best = sizes.reduce((a, b) => (b.width * b.height >= a.width * a.height ? b : a));
  return { fileId: best.file_id, unique: best.file_unique_id, form: 'photo', bytes: best.file_size };
}

/** Image type by MIME type; by extension where the sender gave none. What is really inside, the decoder finds out. */
function kindOf(mime: string | undefined, name: string | undefined): string {
  const [type, subtype = ''] = (mime ?? '').toLowerCase().split('/');
  if (type === 'image') return subtype;
  if (mime && mime !== 'application/octet-stream') return '';
  return /\.(\w+)$/.exec(name?.toLowerCase() ?? '')?.[1] ?? '';
}
