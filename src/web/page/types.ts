import type { Style } from '../../inference/types.ts';
import type { Texts } from '../../texts/index.ts';

/** Where people meet one of the service's bots. */
export interface BotLink {
  readonly platform: 'telegram' | 'discord';
  readonly url: string;
}

/** What the page is made from. */
export interface PageOptions {
  readonly texts: Texts;
  /** Names of the languages in themselves, by locale. */
  readonly languages: Readonly<Record<string, string>>;
  readonly styles: readonly Style[];
  readonly thumbnailUrl: (style: string) => string | undefined;
  readonly defaultStyle: string;
  readonly keepMinutes: number;
  readonly photoBytes: number;
  /** The service has an API key, which the script must ask the user for. */
  readonly locked: boolean;
  /** This service's bots that are on. */
  readonly bots: readonly BotLink[];
  /** The page offers to draw on the visitor's device; `alone`: and can do nothing else, since it has no server. */
  readonly drawsHere: boolean | 'alone';
  readonly assetUrl: (name: string) => string;
  /** Where people reach the page, without a slash at the end; unknown = addresses for chats are relative. */
  readonly publicUrl?: string | undefined;
}
