/** Deletes what is stored about a person, at once. */
import type { Conversation } from '../../conversation/types.ts';
import type { OriginalStore } from '../originals/original-store.ts';
import { type DiscordMessenger, userOf } from '../reply/messenger.ts';
import type { ReplyStore } from '../reply/reply-store.ts';
import type { AlbumReceiver } from './album-receiver.ts';
import type { RecentLocales } from './recent-locales.ts';

export interface UserDataOptions {
  readonly conversation: Conversation;
  readonly messenger: DiscordMessenger;
  readonly originals: OriginalStore;
  readonly replyStore: ReplyStore;
  readonly locales: RecentLocales;
  readonly albums: Pick<AlbumReceiver, 'scrub'>;
}

/** What was stored, and has been deleted. */
export interface DeletedData {
  readonly hasStyle: boolean;
  readonly hasStrength: boolean;
  /** One-time hints that were remembered as seen. */
  readonly hints: number;
  /** Photos that were on their way to a cartoon. */
  readonly photos: number;
  /** Photos kept for "another style". */
  readonly originals: number;
  /** Notes which picture of a reply is done. */
  readonly replies: number;
}

export class UserData {
  readonly #options: UserDataOptions;

  constructor(options: UserDataOptions) {
    this.#options = options;
  }

  /**
   * Photos on their way are cancelled, and their replies say so. How many pictures a person has asked for in the last
   * minutes stays counted, in memory: else the limit could be reset.
   * @throws DctoonError `storage_full`, or what else keeps the settings from being deleted; then it may be called again
   */
  async forget(userId: string): Promise<DeletedData> {
    const { conversation, messenger, originals, replyStore, locales, albums } = this.#options;
    // First, so that nothing is written down again by what the next step ends.
    await messenger.forgetUser(userId);
    const { style, strength, hints, photos } = await conversation.forget(userOf(userId));
    const deleted = { originals: await originals.forget(userId), replies: await replyStore.forget(userId) };
    locales.forget(userId);
    await albums.scrub();
    return { hasStyle: style, hasStrength: strength, hints, photos, ...deleted };
  }
}
