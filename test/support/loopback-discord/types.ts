/** What the loopback Discord stores and shows to tests. */
import type {
  APIApplicationCommand,
  APIAttachment,
  APIInteraction,
  APIMessage,
  APIUser,
  RESTPostAPIApplicationCommandsJSONBody,
} from 'discord.js';

/** A file as a user uploads it. */
export interface Upload {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly type?: string;
  readonly spoiler?: boolean;
  readonly description?: string;
}

/** One request to the REST API as it arrived. */
export interface Call {
  readonly method: string;
  /** Without `/api/v10`. */
  readonly path: string;
  readonly body: unknown;
  readonly files: readonly Upload[];
  readonly authorization: string | undefined;
  readonly at: number;
  status: number;
}

/** An answer given instead of the real one. Matches by method and path; used up after `times`. */
export interface Fault {
  readonly method?: string;
  readonly path: RegExp;
  /** Only requests that bring files. */
  readonly uploads?: boolean;
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 1. */
  readonly times?: number;
  /** Waits before answering. */
  readonly delayMs?: number;
  /** Does what was asked and only then answers wrongly (an answer lost on the way). */
  readonly afterwards?: boolean;
}

export interface StoredMessage extends APIMessage {
  /** The bot's, or for user messages their author's. */
  channel_id: string;
}

export interface StoredInteraction {
  readonly id: string;
  readonly token: string;
  readonly payload: APIInteraction;
  readonly createdAt: number;
  readonly userInstallOnly: boolean;
  acknowledgedAt?: number;
  /** Type of the callback: 4 reply, 5 deferral, 6 deferred update, 7 update. */
  callback?: number;
  originalId?: string;
  originalDeleted: boolean;
  readonly followUps: string[];
  /** Every state the original reply went through, oldest first. */
  readonly history: APIMessage[];
}

export interface Channel {
  readonly id: string;
  readonly kind: 'guild' | 'dm' | 'private';
  readonly guildId?: string;
  /** For a DM: the person. */
  readonly userId?: string;
}

export interface StoredFile {
  readonly bytes: Uint8Array;
  readonly type: string;
}

export type CommandBody = RESTPostAPIApplicationCommandsJSONBody;
export type StoredCommand = APIApplicationCommand;
export type { APIAttachment, APIMessage, APIUser };
