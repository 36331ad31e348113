/** Callback queries: presses of the bot's buttons. Each is answered at once, since the button shows a spinner until then. */
import type { Api } from 'grammy';
import type { CallbackQuery, Message } from 'grammy/types';
import { LRUCache } from 'lru-cache';
import { type Locale, localeOf, type Texts } from '../../../texts/index.ts';
import type { Conversation } from '../../conversation/types.ts';
import { isStaleEdit } from '../errors.ts';
import { type CallbackData, decodeCallbackData } from '../outgoing/callback-data.ts';
import { choiceButtons } from '../outgoing/keyboards.ts';
import type { TelegramMessenger } from '../outgoing/messenger.ts';
import type { StatusMessages } from '../outgoing/status-messages.ts';
import { userOf } from '../types.ts';
import { photoInSource } from './intent.ts';
import { cutReply, restyleReply } from './reply-target.ts';
import type { StickerButtons } from './sticker-buttons.ts';
import type { PhotoSubmitter } from './submit-photo.ts';
import type { Receipt } from './updates.ts';

export interface CallbacksParts {
  readonly api: Api;
  readonly conversation: Conversation;
  readonly submitter: PhotoSubmitter;
  readonly messenger: Pick<TelegramMessenger, 'isOver'>;
  readonly statusMessages: StatusMessages;
  readonly stickerButtons: StickerButtons;
  readonly texts: (locale: Locale) => Texts;
}

/** Results that get another style at the same time; the ones that were pressed first are forgotten beyond. */
const MAX_RESTYLES = 1000;

interface Restyle {
  readonly job: string;
  readonly user: string;
  readonly style: string;
}

export class Callbacks {
  readonly #parts: CallbacksParts;
  /** Results that are getting another style right now, by chat and message. */
  readonly #restyles = new LRUCache<string, Restyle>({ max: MAX_RESTYLES });

  constructor(parts: CallbacksParts) {
    this.#parts = parts;
  }

  async handle(query: CallbackQuery, receipt: Receipt): Promise<void> {
    const texts = this.#parts.texts(localeOf(query.from.language_code));
    const data = decodeCallbackData(query.data ?? '');
    switch (data?.kind) {
      case 'draw':
      case 'cut':
        return this.#draw(query, data, texts, receipt);
      case 'addSticker':
      case 'stickerEmoji':
      case 'removeSticker':
        if (!mayPress(query, data.requester)) return this.#alert(query, texts.cancel.onlyRequester);
        return this.#parts.stickerButtons.handle(
          query,
          data,
          texts,
          (text) => this.#answer(query, text),
          (text) => this.#alert(query, text),
          receipt,
        );
      case 'choose':
        return this.#choose(query, data.style, texts);
      case 'cancel':
        return this.#cancel(query, data.requester, [data.job], texts);
      case 'cancelAlbum': {
        const parts = this.#parts.statusMessages.partsOf(query.message?.chat.id ?? 0, data.album);
        return this.#cancel(query, data.requester, parts, texts);
      }
      default:
        return this.#answer(query);
    }
  }

  async #draw(
    query: CallbackQuery,
    data: Extract<CallbackData, { kind: 'draw' | 'cut' }>,
    texts: Texts,
    receipt: Receipt,
  ): Promise<void> {
    const { conversation, submitter } = this.#parts;
    const { message } = query;
    if (!conversation.styles.some((style) => style.id === data.style))
      return this.#alert(query, texts.error('unknown_style'));
    const source = message?.date ? message.reply_to_message : undefined;
    if (!mayPress(query, data.requester) && source?.from?.id !== query.from.id)
      return this.#alert(query, texts.cancel.onlyRequester);
    const photo = source && photoInSource(source);
    if (!message || !photo) return this.#alert(query, texts.input.sourceGone);

    const id = `tg-cb-${query.id}`;
    const locale = localeOf(query.from.language_code);
    const { style, as } = data;
    if (data.kind === 'cut') {
      await this.#answer(query);
      const reply = cutReply(message as Message, source, photo, query.from.id, data.as);
      receipt.later(submitter.submit({ id, photo, reply, style, as, locale }, receipt));
      return;
    }
    const key = `${message.chat.id}/${message.message_id}`;
    const earlier = this.#restyleOf(key);
    await this.#answer(query);
    if (earlier?.style === style) return;
    // The last press counts.
    if (earlier) await conversation.cancel(earlier.job, earlier.user);
    this.#restyles.set(key, { job: id, user: userOf(query.from.id), style });
    const reply = restyleReply(message as Message, source, photo, query.from.id, as);
    receipt.later(
      submitter.submit({ id, photo, reply, style, as, locale }, receipt).then((isQueued) => {
        if (!isQueued && this.#restyles.get(key)?.job === id) this.#restyles.delete(key);
      }),
    );
  }

  /** The style that a result is getting, unless that is answered already. */
  #restyleOf(key: string): Restyle | undefined {
    const restyle = this.#restyles.get(key);
    if (!restyle || !this.#parts.messenger.isOver(restyle.job)) return restyle;
    this.#restyles.delete(key);
    return undefined;
  }

  async #choose(query: CallbackQuery, id: string, texts: Texts): Promise<void> {
    const { conversation, api } = this.#parts;
    const style = conversation.styles.find((known) => known.id === id);
    if (!style) return this.#alert(query, texts.error('unknown_style'));
    await conversation.setStyle(userOf(query.from.id), style.id);
    const text = texts.style.set({ style: texts.styleTitle(style) });
    await this.#answer(query, text);
    // In a group the keyboard is everybody's: one person's choice must not be written there.
    if (query.message?.chat.type !== 'private') return;
    try {
      await api.editMessageText(query.message.chat.id, query.message.message_id, text, {
        reply_markup: choiceButtons(conversation.styles, style.id, texts),
      });
    } catch (error) {
      if (!isStaleEdit(error)) throw error;
    }
  }

  async #cancel(
    query: CallbackQuery,
    requester: number,
    jobs: readonly string[],
    texts: Texts,
  ): Promise<void> {
    if (!mayPress(query, requester)) return this.#alert(query, texts.cancel.onlyRequester);
    const cancelled = await Promise.all(
      jobs.map((job) => this.#parts.conversation.cancel(job, userOf(requester))),
    );
    await this.#answer(query, cancelled.some(Boolean) ? texts.cancel.done : texts.cancel.tooLate);
  }

  #alert(query: CallbackQuery, text: string): Promise<void> {
    return this.#answer(query, text, true);
  }

  /** Ignores refusals: after about two and a half minutes the press is too old, and the work goes on all the same. */
  async #answer(query: CallbackQuery, text?: string, alert = false): Promise<void> {
    const other = { ...(text === undefined ? {} : { text }), ...(alert ? { show_alert: true } : {}) };
    await this.#parts.api.answerCallbackQuery(query.id, other).catch(() => {});
  }
}

/** Anybody may press what an anonymous sender asked for: nobody can tell who that was. */
function mayPress(query: CallbackQuery, requester: number): boolean {
  return requester <= 0 || requester === query.from.id;
}
