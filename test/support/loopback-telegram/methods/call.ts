import type { BusinessConnection } from 'grammy/types';
import type { Files } from '../files.ts';
import type { UploadedFile } from '../multipart.ts';
import type { Payload } from '../spec.ts';
import type { Updates } from '../updates.ts';
import type { World } from '../world.ts';

/** One request of the bot. */
export interface Call {
  readonly payload: Payload;
  readonly uploads: ReadonlyMap<string, UploadedFile>;
  /** Aborts when the bot hangs up. */
  readonly gone: AbortSignal;
}

export interface StickerSet {
  readonly name: string;
  readonly title: string;
  readonly owner: number;
  readonly stickers: { file_id: string; file_unique_id: string; emoji: string; bytes: Uint8Array }[];
}

export interface Telegram {
  readonly world: World;
  readonly files: Files;
  readonly updates: Updates;
  /** Milliseconds a button press can be answered; on Telegram 150 s. */
  callbackLifeMs: number;
  /** When each button was pressed, by callback id. */
  readonly presses: Map<string, { at: number; answer?: Payload }>;
  /** What `setMyCommands` and its sisters stored: key is method, scope and language. */
  readonly profile: Map<string, Payload>;
  /** Latest reaction of the bot by `chat/message`. */
  readonly reactions: Map<string, string | undefined>;
  /** By name in lower case. */
  readonly stickerSets: Map<string, StickerSet>;
  /** Names of sets that were deleted and stay taken, in lower case. */
  readonly takenNames: Set<string>;
  /** Whether a person has a chat with the bot. */
  readonly startedBy: (user: number) => boolean;
  /** Business accounts that the bot is connected to, by connection. */
  readonly businesses: Map<string, BusinessConnection>;
}

export type Method = (telegram: Telegram, call: Call) => unknown;
