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
  /** Hidden until somebody taps on it. */
  readonly spoiler: boolean;
  /** Neither to be forwarded nor saved. */
  readonly isProtected: boolean;
}

/** Keys of `Texts.input`, or of an error. */
export type Refusal = 'video' | 'animation' | 'sticker' | 'notAPicture' | 'heic';

export type MediaMatch = { readonly photo: IncomingPhoto } | { readonly refusal: Refusal };

/** The decoder's formats, see `src/inference/image`, under all names they go by. */
const READABLE = /^(jpe?g|jpe|p?jpeg|pjp|jfif|jif|mpo|a?png|vnd\.mozilla\.apng|x-png|webp|gif|avifs?)$/;
const HEIC = /^hei[cf]s?(-sequence)?$/;
/** Neither name nor type say what it is: the bytes do, and the decoder looks at them. */
const UNKNOWN = '?';

/**
 * The picture of a message: the largest size of a photo (also of a live one, its still), an image sent as file, a static sticker, the cover of a
 * video. Undefined when the message has no media at all.
 */
export function mediaIn(message: Message | ExternalReplyInfo): MediaMatch | undefined {
  const found = fileIn(message);
  if (!found || 'refusal' in found) return found;
  const spoiler = message.has_media_spoiler === true;
  const isProtected = 'has_protected_content' in message && message.has_protected_content === true;
  return { photo: { ...found.file, spoiler, isProtected } };
}

type FileMatch =
  | { readonly file: Omit<IncomingPhoto, 'spoiler' | 'isProtected'> }
  | { readonly refusal: Refusal };

function fileIn(message: Message | ExternalReplyInfo): FileMatch | undefined {
  if (message.photo?.length) return { file: fromSizes(message.photo) };
  if (message.live_photo?.photo?.length) return { file: fromSizes(message.live_photo.photo) };
  // Animations come with a `document` for old clients, so they are looked at first.
  if (message.animation) return { refusal: 'animation' };
  if (message.sticker) {
    const { is_animated, is_video, file_id, file_unique_id, file_size } = message.sticker;
    if (is_animated || is_video) return { refusal: 'sticker' };
    // As a file, since a photo has no transparency.
    return { file: { fileId: file_id, unique: file_unique_id, form: 'document', bytes: file_size } };
  }
  if (message.video?.cover?.length) return { file: fromSizes(message.video.cover) };
  if (message.video || message.video_note) return { refusal: 'video' };
  if (message.document) {
    const { file_id, file_unique_id, file_size, mime_type, file_name } = message.document;
    const kind = kindOf(mime_type, file_name);
    if (HEIC.test(kind)) return { refusal: 'heic' };
    if (kind !== UNKNOWN && !READABLE.test(kind))
      return { refusal: mime_type?.startsWith('video/') ? 'video' : 'notAPicture' };
    return { file: { fileId: file_id, unique: file_unique_id, form: 'document', bytes: file_size } };
  }
  return undefined;
}

function fromSizes(sizes: readonly PhotoSize[]): Omit<IncomingPhoto, 'spoiler' | 'isProtected'> {
  const best = sizes.reduce((a, b) => (b.width * b.height >= a.width * a.height ? b : a));
  return { fileId: best.file_id, unique: best.file_unique_id, form: 'photo', bytes: best.file_size };
}

/** Image type by MIME type; by extension where the sender gave none. What is really inside, the decoder finds out. */
function kindOf(mime: string | undefined, name: string | undefined): string {
  const [type, subtype = ''] = (mime ?? '').toLowerCase().split('/');
  if (type === 'image') return subtype;
  if (mime && mime !== 'application/octet-stream') return '';
  return /\.(\w+)$/.exec(name?.toLowerCase() ?? '')?.[1] ?? UNKNOWN;
}
