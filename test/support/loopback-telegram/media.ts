/** What Telegram makes of uploaded pictures, and when it refuses them. */
import type { Document, PhotoSize } from 'grammy/types';
import sharp from 'sharp';
import { bad } from './errors.ts';
import type { FileKind, Files, StoredFile } from './files.ts';
import type { UploadedFile } from './multipart.ts';

/** sendPhoto: at most 10 MB, width + height at most 10000, ratio at most 20 (core.telegram.org/bots/api#sendphoto). */
const PHOTO_LIMIT = 10 * 1024 * 1024;
const DOCUMENT_LIMIT = 50 * 1024 * 1024;

interface Size {
  readonly width: number;
  readonly height: number;
}

async function sizeOf(bytes: Uint8Array): Promise<Size | undefined> {
  try {
    const { width, height } = await sharp(bytes).metadata();
    return { width, height };
  } catch {
    return undefined;
  }
}

function photoSize(file: StoredFile, size: Size): PhotoSize {
  return { file_id: file.id, file_unique_id: file.unique, ...size, file_size: file.size };
}

/** The sizes of one photo, biggest last. The thumbnail has bytes of its own, so that taking the wrong size is noticed. */
export async function storePhoto(files: Files, bytes: Uint8Array, announced?: number): Promise<PhotoSize[]> {
  const size = await sizeOf(bytes);
  if (!size) throw bad('IMAGE_PROCESS_FAILED');
  const small = await sharp(bytes).resize(90, 90, { fit: 'inside' }).jpeg().toBuffer();
  const smallSize = (await sizeOf(small)) ?? size;
  return [
    photoSize(files.add('photo', small), smallSize),
    photoSize(files.add('photo', bytes, announced), size),
  ];
}

/** A photo from the bot: an upload or an id it knows. @throws ApiError as Telegram refuses */
export async function botPhoto(
  files: Files,
  value: unknown,
  uploads: ReadonlyMap<string, UploadedFile>,
): Promise<PhotoSize[]> {
  const upload = uploadOf(value, uploads);
  if (!upload) return resend(files, value);
  const { bytes } = upload;
  if (bytes.length > PHOTO_LIMIT) throw bad('file is too big for a photo');
  const size = await sizeOf(bytes);
  if (!size) throw bad('IMAGE_PROCESS_FAILED');
  const { width, height } = size;
  if (width + height > 10_000 || width > height * 20 || height > width * 20)
    throw bad('PHOTO_INVALID_DIMENSIONS');
  return storePhoto(files, bytes);
}

async function resend(files: Files, value: unknown): Promise<PhotoSize[]> {
  const file = files.forSending(String(value), 'photo');
  return [photoSize(file, (await sizeOf(file.bytes)) ?? { width: 1, height: 1 })];
}

/** A document from the bot. */
export function botDocument(
  files: Files,
  value: unknown,
  uploads: ReadonlyMap<string, UploadedFile>,
): Document {
  const upload = uploadOf(value, uploads);
  if (!upload) {
    const file = files.forSending(String(value), 'document');
    return { file_id: file.id, file_unique_id: file.unique, file_size: file.size };
  }
  if (upload.bytes.length > DOCUMENT_LIMIT) throw bad('Request Entity Too Large');
  return storeFile(files, 'document', upload.bytes, upload.filename);
}

export function storeFile(
  files: Files,
  kind: FileKind,
  bytes: Uint8Array,
  name: string | undefined,
  mime?: string,
  announced?: number,
): Document {
  const file = files.add(kind, bytes, announced);
  return {
    file_id: file.id,
    file_unique_id: file.unique,
    ...(name === undefined ? {} : { file_name: name }),
    file_size: file.size,
    ...(mime === undefined ? {} : { mime_type: mime }),
  };
}

function uploadOf(value: unknown, uploads: ReadonlyMap<string, UploadedFile>): UploadedFile | undefined {
  const text = String(value);
  if (!text.startsWith('attach://')) return undefined;
  const upload = uploads.get(text.slice('attach://'.length));
  if (!upload) throw bad('file attachment is missing');
  return upload;
}
