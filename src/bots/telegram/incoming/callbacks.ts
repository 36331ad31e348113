/** Button presses. Each is answered at once, else the button spins; a late answer is refused by Telegram, and that is fine. */
import type { Api } from 'grammy';
import type { CallbackQuery, Message } from 'grammy/types';
import { type Locale, localeOf, type Texts } from '../../../texts/index.ts';
import type { Conversation } from '../../conversation/types.ts';
import { isStaleEdit } from '../errors.ts';
import { type CallbackData, choiceButtons, decodeCallbackData } from '../outgoing/keyboards.ts';
import type { TelegramMessenger } from '../outgoing/messenger.ts';
import type { StatusMessages } from '../outgoing/status-messages.ts';
import { placeOf } from '../places.ts';
import { type TelegramReply, userOf } from '../types.ts';
import { photoInSource } from './intent.ts';
import type { PhotoSubmitter } from './submit-photo.ts';
import type { Receipt } from './updates.ts';

export interface CallbacksParts {
  readonly api: Api;
  readonly conversation: Conversation;
  readonly drawing: PhotoSubmitter;
  readonly messenger: Pick<TelegramMessenger, 'isOver'>;
  readonly status: StatusMessages;
  readonly texts: (locale: Locale) => Texts;
}

interface Running {
  readonly job: string;
  readonly user: string;
  readonly style: string;
}

export class Callbacks {
  readonly #parts: CallbacksParts;
  /** Results that are getting another style right now, by chat and message. */
  readonly #running = new Map<string, Running>();

  constructor(parts: CallbacksParts) {
    this.#parts = parts;
  }

  async handle(query: CallbackQuery, receipt: Receipt): Promise<void> {
    const texts = this.#parts.texts(localeOf(query.from.language_code));
    const press = decodeCallbackData(query.data ?? '');
    switch (press?.kind) {
      case 'draw':
        return this.#draw(query, press, texts, receipt);
      case 'choose':
        return this.#choose(query, press.style, texts);
      case 'cancel':
        return this.#cancel(query, press.requester, [press.job], texts);
      case 'cancelAlbum': {
        const parts = this.#parts.status.partsOf(query.message?.chat.id ?? 0, press.album);
        return this.#cancel(query, press.requester, parts, texts);
      }
      default:
        return this.#answer(query);
    }
  }

  async #draw(
    query: CallbackQuery,
    press: Extract<CallbackData, { kind: 'draw' }>,
    texts: Texts,
    receipt: Receipt,
  ): Promise<void> {
    const { conversation, drawing } = this.#parts;
    const { message } = query;
    if (!conversation.styles.some((style) => style.id === press.style))
      return this.#alert(query, texts.error('unknown_style'));
    const source = message?.date ? message.reply_to_message : undefined;
    if (!mayPress(query, press.requester) && source?.from?.id !== query.from.id)
      return this.#alert(query, texts.cancel.onlyRequester);
    const picture = source && photoInSource(source);
    if (!message || !picture) return this.#alert(query, texts.input.sourceGone);

    const key = `${message.chat.id}/${message.message_id}`;
    this.#forget();
    const earlier = this.#running.get(key);
    await this.#answer(query);
    if (earlier?.style === press.style) return;
    // The last press wins.
    if (earlier) await conversation.cancel(earlier.job, earlier.user);
    const id = `tg-cb-${query.id}`;
    this.#running.set(key, { job: id, user: userOf(query.from.id), style: press.style });
    const reply = restyleReply(message as Message, source, picture, query.from.id);
    const locale = localeOf(query.from.language_code);
    receipt.later(
      drawing.draw({ id, picture, reply, style: press.style, locale }, receipt).then((queued) => {
        if (!queued && this.#running.get(key)?.job === id) this.#running.delete(key);
      }),
    );
  }

  /** Drops what was answered meanwhile, and the oldest when answers never came. */
  #forget(): void {
    for (const [key, { job }] of this.#running) {
      if (this.#parts.messenger.isOver(job) || this.#running.size > 1000) this.#running.delete(key);
    }
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

function restyleReply(
  result: Message,
  source: Message,
  picture: { readonly unique: string; readonly form: TelegramReply['form'] },
  requester: number,
): TelegramReply {
  const isText = !result.photo && !result.document;
  return {
    ...placeOf(result),
    message: source.message_id,
    form: isText ? picture.form : result.document ? 'document' : 'photo',
    requester,
    photo: picture.unique,
    replace: { message: result.message_id, isText },
  };
}
