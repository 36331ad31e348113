/** What the Discord adapter remembers about an answer. Plain JSON, kept in the journal with the job. */

/** The answer to an interaction: its original reply is edited with the token, which lives 15 minutes. */
export interface InteractionTarget {
  readonly kind: 'interaction';
  readonly applicationId: string;
  /** SECRET. Whoever has it can answer as the bot; it is in this one field only and never in a log. */
  readonly token: string;
  /** Epoch ms of the interaction. */
  readonly createdAt: number;
  /** Where to answer once the token is dead: a channel the bot may write to, or the person's direct messages. */
  readonly fallback?: { readonly channelId: string } | { readonly dm: true };
}

/** The answer to a message (direct message or mention): a message that refers to it, sent with the bot token. */
interface MessageTarget {
  readonly kind: 'message';
  readonly channelId: string;
  readonly messageId: string;
}

export type Target = InteractionTarget | MessageTarget;

/**
 * The reply target of one job. Several pictures of one message are several jobs that share one reply: a *group*.
 * What changes while it is answered is in `GroupState`, under the group's id.
 */
export interface DiscordReply {
  /** `dc-<interaction or message id>`; also the nonce of a message (at most 25 characters). */
  readonly group: string;
  /** Index of this picture in its group, and how many there are (1 to 10). */
  readonly part: number;
  readonly parts: number;
  readonly userId: string;
  readonly guildId?: string;
  readonly target: Target;
  /** The photo was hidden, or hiding was asked for: the cartoon is hidden too. */
  readonly spoiler: boolean;
  /** The photo's own alternative text. */
  readonly alt?: string;
  /** Key of the kept originals, for "another style". */
  readonly source?: string;
}

/** A picture somebody wants drawn, before it is fetched. */
export interface ImageInput {
  readonly url: string;
  /** Bytes, if Discord says. */
  readonly size?: number;
  readonly spoiler: boolean;
  readonly alt?: string;
}

/** Files one message can carry. */
export const MAX_PICTURES = 10;
