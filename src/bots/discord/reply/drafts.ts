/** The body of each message a reply goes through: status, then pictures as they come, then its final form. */
import type { Cartoon, Style } from '../../../inference/types.ts';
import type { Job } from '../../../queue/types.ts';
import { createTexts, localeOf, type Texts } from '../../../texts/index.ts';
import type { Status } from '../../conversation/types.ts';
import type { OutgoingFile } from '../api.ts';
import type { DiscordReply } from '../types.ts';
import {
  addRow,
  altText,
  cancelRow,
  drawnIn,
  fileName,
  finalText,
  NO_MENTIONS,
  type Row,
  statusText,
  styleRows,
} from './render.ts';
import type { GroupState } from './reply-store.ts';
import type { Draft } from './reply-writer.ts';

/** What is needed to speak about a photo; one that was refused never becomes a job. */
export type RenderContext = Pick<Job, 'locale' | 'style' | 'as'>;

/** A finished picture on its way into the reply. */
export interface RenderedPicture {
  readonly context: RenderContext;
  readonly reply: DiscordReply;
  readonly file: OutgoingFile;
  /** It was already made smaller once. */
  readonly shrunk: boolean;
}

export function pictureOf(context: RenderContext, reply: DiscordReply, cartoon: Cartoon): RenderedPicture {
  const file = { name: fileName(reply, context, cartoon.format), bytes: cartoon.image };
  return { context, reply, file, shrunk: false };
}

export function statusDraft(state: GroupState, context: RenderContext, status: Status): Draft {
  const texts = createTexts(localeOf(context.locale));
  return {
    files: [],
    body: {
      content: statusText(texts, state, status),
      // While restarting there is nobody to press for.
      components: status.kind === 'restarting' ? [] : [cancelRow(texts, state.id)],
      allowed_mentions: NO_MENTIONS,
    },
  };
}

export interface ResultOptions {
  readonly state: GroupState;
  readonly reply: DiscordReply;
  readonly context: RenderContext;
  /** Pictures that join with this edit. */
  readonly pictures: readonly RenderedPicture[];
  readonly styles: readonly Style[];
  /** One-time remarks beside the pictures. */
  readonly hints: readonly string[];
}

/** The reply with more pictures; in its final form when nothing is open any more. */
export function resultDraft(options: ResultOptions): Draft {
  const { state, context, styles, hints } = options;
  const texts = createTexts(localeOf(context.locale));
  const pictures = [...options.pictures].sort((a, b) => a.reply.part - b.reply.part);
  const joining = new Set(pictures.map((picture) => picture.reply.part));
  const isFinal = state.parts.every(
    (part, index) => part.state === 'done' || part.state === 'failed' || joining.has(index),
  );
  const hasPicture = joining.size > 0 || state.parts.some((part) => part.state === 'done');
  const style = styles.find((one) => one.id === context.style);
  const title = style ? texts.styleTitle(style) : context.style;
  const progress = texts.status.album({ done: drawnIn(state, joining), total: state.parts.length });
  return {
    files: pictures.map((picture) => picture.file),
    body: {
      // An explicit empty text: what the status said would stay otherwise.
      content: isFinal ? finalText(texts, state, hints) : progress,
      attachments: state.parts.flatMap((part, index) => {
        const position = pictures.findIndex((picture) => picture.reply.part === index);
        const joins = pictures[position];
        if (joins) {
          const description = altText(texts, title, joins.reply.alt);
          return [{ id: String(position), filename: joins.file.name, description }];
        }
        return part.state === 'done' && part.attachmentId ? [{ id: part.attachmentId }] : [];
      }),
      components: isFinal ? (hasPicture ? resultRows(options, texts) : []) : [cancelRow(texts, state.id)],
      allowed_mentions: NO_MENTIONS,
    },
  };
}

function resultRows({ state, reply, context, styles }: ResultOptions, texts: Texts): Row[] {
  const rows = reply.source ? styleRows(texts, styles, context, reply.source) : [];
  const isExpression = context.as === 'sticker' || context.as === 'emoji';
  // Which of several pictures it would be, a button cannot ask.
  const canBeAdded = isExpression && state.parts.length === 1 && reply.guildId !== undefined;
  return canBeAdded ? [...rows, addRow(texts)] : rows;
}
