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
  /** Business accounts that the bot is connected to, by connection. */
  readonly businesses: Map<string, BusinessConnection>;
}

export type Method = (telegram: Telegram, call: Call) => unknown;
