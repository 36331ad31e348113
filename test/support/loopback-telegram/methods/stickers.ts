/** Sticker sets: what belongs to whom, how large it may be, and when Telegram refuses. */
import sharp from 'sharp';
import { bad } from '../errors.ts';
import type { UploadedFile } from '../multipart.ts';
import type { Call, Method, StickerSet, Telegram } from './call.ts';

const SET_LIMIT = 120;
const FILE_LIMIT = 512 * 1024;

interface Input {
  readonly sticker: string;
  readonly format: string;
  readonly emoji_list: readonly string[];
}

async function store(telegram: Telegram, input: Input, uploads: ReadonlyMap<string, UploadedFile>) {
  const upload = uploads.get(input.sticker.replace('attach://', ''));
  if (!upload) throw bad('wrong file identifier/HTTP URL specified');
  if (input.format !== 'static') throw bad('STICKER_FORMAT_INVALID');
  if (upload.bytes.length > FILE_LIMIT) throw bad('STICKER_FILE_INVALID');
  const { width = 0, height = 0, format } = await sharp(upload.bytes).metadata();
  if (format !== 'webp' && format !== 'png') throw bad('STICKER_PNG_NOPNG');
  if (Math.max(width, height) !== 512) throw bad('STICKER_PNG_DIMENSIONS');
  if (input.emoji_list.length < 1 || input.emoji_list.length > 20) throw bad('STICKER_EMOJI_INVALID');
  const { id, unique } = telegram.files.add('sticker', upload.bytes);
  return { file_id: id, file_unique_id: unique, emoji: input.emoji_list[0] ?? '', bytes: upload.bytes };
}

function found(telegram: Telegram, name: unknown): StickerSet {
  const set = telegram.stickerSets.get(String(name).toLowerCase());
  if (!set) throw bad('STICKERSET_INVALID');
  return set;
}

function withSticker(telegram: Telegram, file: unknown): { set: StickerSet; index: number } {
  for (const set of telegram.stickerSets.values()) {
    const index = set.stickers.findIndex(({ file_id }) => file_id === file);
    if (index >= 0) return { set, index };
  }
  throw bad('STICKER_INVALID');
}

const createNewStickerSet: Method = async (telegram, call: Call) => {
  const { world, stickerSets } = telegram;
  const { user_id, name, title, stickers } = call.payload as {
    user_id: number;
    name: string;
    title: string;
    stickers: Input[];
  };
  if (!telegram.startedBy(user_id)) throw bad('PEER_ID_INVALID');
  const ending = `_by_${world.bot.username}`.toLowerCase();
  if (!/^[a-z]\w{0,63}$/i.test(name) || name.includes('__') || !name.toLowerCase().endsWith(ending))
    throw bad('invalid sticker set name is specified');
  if (title.length < 1 || title.length > 64) throw bad('STICKERSET_TITLE_INVALID');
  if (stickerSets.has(name.toLowerCase()) || telegram.takenNames.has(name.toLowerCase()))
    throw bad('sticker set name is already occupied');
  const stored = [];
  for (const input of stickers) stored.push(await store(telegram, input, call.uploads));
  stickerSets.set(name.toLowerCase(), { name, title, owner: user_id, stickers: stored });
  return true;
};

const addStickerToSet: Method = async (telegram, call: Call) => {
  const { user_id, name, sticker } = call.payload as { user_id: number; name: string; sticker: Input };
  const set = found(telegram, name);
  if (set.owner !== user_id) throw bad('STICKERSET_INVALID');
  if (set.stickers.length >= SET_LIMIT) throw bad('STICKERS_TOO_MUCH');
  const stored = await store(telegram, sticker, call.uploads);
  // "If exactly the same sticker had already been added to the set, then the set isn't changed."
  if (!set.stickers.some(({ bytes }) => Buffer.from(bytes).equals(stored.bytes))) set.stickers.push(stored);
  return true;
};

const getStickerSet: Method = (telegram, { payload }) => {
  const { name, title, stickers } = found(telegram, payload['name']);
  return { name, title, sticker_type: 'regular', stickers: stickers.map(({ bytes: _, ...shown }) => shown) };
};

const deleteStickerFromSet: Method = (telegram, { payload }) => {
  const { set, index } = withSticker(telegram, payload['sticker']);
  set.stickers.splice(index, 1);
  return true;
};

const setStickerEmojiList: Method = (telegram, { payload }) => {
  const { set, index } = withSticker(telegram, payload['sticker']);
  const [emoji = ''] = payload['emoji_list'] as string[];
  Object.assign(set.stickers[index] ?? {}, { emoji });
  return true;
};

export const stickers: Readonly<Record<string, Method>> = {
  createNewStickerSet,
  addStickerToSet,
  getStickerSet,
  deleteStickerFromSet,
  setStickerEmojiList,
};
