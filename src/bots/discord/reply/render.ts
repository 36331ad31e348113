/** How answers look: texts, buttons, menus and file names. Plain files and action rows, no Components V2. */
import {
  type APIActionRowComponent,
  type APIComponentInMessageActionRow,
  ButtonStyle,
  ComponentType,
} from 'discord.js';
import type { ImageFormat, Style } from '../../../inference/types.ts';
import type { Texts } from '../../../texts/index.ts';
import { statusLine } from '../../conversation/status-text.ts';
import type { Status } from '../../conversation/types.ts';
import type { DiscordReply } from '../types.ts';
import { encodeCallbackData } from './callback-data.ts';
import type { GroupState, Reason } from './reply-store.ts';

export type Row = APIActionRowComponent<APIComponentInMessageActionRow>;

/** Discord's limits, in characters. */
const MAX_ALT = 1024;
const MAX_LABEL = 80;
const MAX_OPTIONS = 25;
const MAX_OPTION_LABEL = 100;
const MAX_OPTION_DESCRIPTION = 100;

/** Nobody is ever pinged by an answer. */
export const NO_MENTIONS = { parse: [], replied_user: false };

export function cancelRow(texts: Texts, group: string): Row {
  return {
    type: ComponentType.ActionRow,
    components: [
      {
        type: ComponentType.Button,
        style: ButtonStyle.Secondary,
        label: texts.cancel.label.slice(0, MAX_LABEL),
        custom_id: encodeCallbackData('cancel', group),
      },
    ],
  };
}

/** Under the answer to `/privacy`. */
export function forgetRow(texts: Texts): Row {
  return {
    type: ComponentType.ActionRow,
    components: [
      {
        type: ComponentType.Button,
        style: ButtonStyle.Danger,
        label: texts.forget.label.slice(0, MAX_LABEL),
        custom_id: encodeCallbackData('forget', 'mine'),
      },
    ],
  };
}

/** The menu with the other styles; no row when there is only one style. */
export function styleRows(texts: Texts, styles: readonly Style[], current: string, source: string): Row[] {
  const others = styles.filter((style) => style.id !== current).slice(0, MAX_OPTIONS);
  if (others.length === 0) return [];
  return [
    {
      type: ComponentType.ActionRow,
      components: [
        {
          type: ComponentType.StringSelect,
          custom_id: encodeCallbackData('again', source),
          placeholder: texts.style.another,
          options: others.map((style) => ({
            label: texts.styleTitle(style).slice(0, MAX_OPTION_LABEL),
            value: style.id,
            description: texts.styleDescription(style).slice(0, MAX_OPTION_DESCRIPTION),
          })),
        },
      ],
    },
  ];
}

/** Alternative text of a cartoon; what the photo's author wrote about it stays with it. */
export function altText(texts: Texts, style: string, photo?: string): string {
  const own = texts.result.alt({ style });
  return (photo ? `${own}. ${photo}` : own).slice(0, MAX_ALT);
}

export function fileName(reply: DiscordReply, style: string, format: ImageFormat): string {
  const number = reply.parts > 1 ? `-${reply.part + 1}` : '';
  const name = `dctoon-${style}${number}.${format === 'jpeg' ? 'jpg' : format}`;
  // Old clients know spoilers by this prefix only.
  return reply.spoiler ? `SPOILER_${name}` : name;
}

/** Which part of a group a file of ours is; `undefined` for any other file. */
export function partOfFile(name: string, parts: number): number | undefined {
  const match = /^(?:SPOILER_)?dctoon-.+?(?:-(\d+))?\.(?:jpg|png)$/.exec(name);
  if (!match) return undefined;
  if (parts === 1) return 0;
  const part = Number(match[1]) - 1;
  return part >= 0 && part < parts ? part : undefined;
}

function reasonText(
  texts: Texts,
  reason: Reason,
  details: Readonly<Record<string, string | number>>,
): string {
  switch (reason) {
    case 'delivery_auto_mod':
      return texts.delivery.autoMod;
    case 'delivery_too_large':
      return texts.delivery.tooLarge;
    case 'delivery_failed':
      return texts.delivery.failed;
    case 'no_permission':
      return missingText(texts);
    default:
      return texts.error(reason, details);
  }
}

/** All that answering with a file needs; Discord does not say which of them it was. */
export function missingText(texts: Texts): string {
  const { viewChannel, sendMessages, attachFiles } = texts.permissions.names;
  return texts.permissions.missing({ names: [viewChannel, sendMessages, attachFiles] });
}

/** How many pictures of a reply are drawn; one that is refused, or not even in the queue yet, is not. @param joining parts that join now */
export function drawnIn(state: GroupState, joining: ReadonlySet<number> = new Set()): number {
  return state.parts.filter((part, index) => part.state === 'done' || joining.has(index)).length;
}

export function statusText(texts: Texts, state: GroupState, status: Status): string {
  const line = statusLine(status, texts);
  const total = state.parts.length;
  if (total === 1) return line;
  return `${texts.status.album({ done: drawnIn(state), total })}\n${line}`;
}

/** What is said beside the finished pictures: nothing when all went well. */
export function finalText(texts: Texts, state: GroupState, hints: readonly string[]): string {
  const failures = state.parts.flatMap((part, index) =>
    part.state === 'failed'
      ? [{ number: index + 1, text: reasonText(texts, part.reason, part.details) }]
      : [],
  );
  const same = failures.length === state.parts.length && new Set(failures.map((one) => one.text)).size === 1;
  const lines = same
    ? [failures[0]?.text ?? '']
    : failures.map(({ number, text }) => (state.parts.length === 1 ? text : `${number}: ${text}`));
  return [...lines, ...hints].join('\n');
}
