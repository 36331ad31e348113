/** How answers look: texts, buttons, menus and file names. Plain files and action rows, no Components V2. */
import {
  type APIActionRowComponent,
  type APIButtonComponentWithCustomId,
  type APIComponentInMessageActionRow,
  ButtonStyle,
  ComponentType,
} from 'discord.js';
import type { PhotoFormat, Shape, Style } from '../../../inference/types.ts';
import type { Texts } from '../../../texts/index.ts';
import { statusLine } from '../../conversation/status-text.ts';
import type { Status } from '../../conversation/types.ts';
import type { DiscordReply } from '../types.ts';
import { type Action, encodeCallbackData } from './callback-data.ts';
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

/** How a picture was drawn, and what it was cut to. */
export interface Look {
  readonly style: string;
  readonly as?: Shape | undefined;
}

/** What a whole picture can be made into. */
export const CUTS = ['sticker', 'avatar', 'emoji'] as const satisfies readonly Shape[];

/**
 * Under a result: the menu with the other styles, where there are some, and below a whole picture what else can be made of it.
 * @param source the key of the kept originals
 */
export function styleRows(
  texts: Texts,
  styles: readonly Style[],
  { style, as }: Look,
  source: string,
): Row[] {
  const others = styles.filter(({ id }) => id !== style).slice(0, MAX_OPTIONS);
  const menu: Row[] =
    others.length === 0
      ? []
      : [
          {
            type: ComponentType.ActionRow,
            components: [
              {
                type: ComponentType.StringSelect,
                custom_id: encodeCallbackData('again', source),
                placeholder: texts.style.another,
                options: others.map((other) => ({
                  label: texts.styleTitle(other).slice(0, MAX_OPTION_LABEL),
                  value: other.id,
                  description: texts.styleDescription(other).slice(0, MAX_OPTION_DESCRIPTION),
                })),
              },
            ],
          },
        ];
  if (as !== undefined && as !== 'photo') return menu;
  const cuts = CUTS.map((cut) => button(texts.shapes[cut], cut, source));
  return [...menu, { type: ComponentType.ActionRow, components: cuts }];
}

/** Under one sticker or emoji in a server. */
export function addRow(texts: Texts): Row {
  return {
    type: ComponentType.ActionRow,
    components: [button(texts.expressions.add, 'add', 'mine')],
  };
}

function button(label: string, action: Action, argument: string): APIButtonComponentWithCustomId {
  return {
    type: ComponentType.Button,
    style: ButtonStyle.Secondary,
    label: label.slice(0, MAX_LABEL),
    custom_id: encodeCallbackData(action, argument),
  };
}

/** Alternative text of a cartoon; what the photo's author wrote about it stays with it. */
export function altText(texts: Texts, style: string, photo?: string): string {
  const own = texts.result.alt({ style });
  return (photo ? `${own}. ${photo}` : own).slice(0, MAX_ALT);
}

export function fileName(reply: DiscordReply, { style, as }: Look, format: PhotoFormat): string {
  const shape = as === undefined || as === 'photo' ? '' : `-${as}`;
  const number = reply.parts > 1 ? `-${reply.part + 1}` : '';
  const name = `dctoon-${style}${shape}${number}.${format === 'jpeg' ? 'jpg' : format}`;
  // Old clients know spoilers by this prefix only.
  return reply.spoiler ? `SPOILER_${name}` : name;
}

const FILE_NAME =
  /^(?:SPOILER_)?dctoon-(?<style>.+?)(?:-(?<as>sticker|avatar|emoji|cutout))?(?:-(?<number>\d+))?\.(?:jpg|png|webp)$/;

/** Which part of a group a file of ours is; `undefined` for any other file. */
export function partOfFile(name: string, parts: number): number | undefined {
  const match = FILE_NAME.exec(name);
  if (!match) return undefined;
  if (parts === 1) return 0;
  const part = Number(match.groups?.['number']) - 1;
  return part >= 0 && part < parts ? part : undefined;
}

/** How a file of ours was drawn and cut; `undefined` for any other file. */
export function lookOfFile(name: string): Look | undefined {
  const { style, as } = FILE_NAME.exec(name)?.groups ?? {};
  return style === undefined ? undefined : { style, as: as as Shape | undefined };
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
