/** `/styles`: every style with its description, and a contact sheet of thumbnails where the models bring them. */
import sharp from 'sharp';
import type { Style } from '../../../inference/types.ts';
import type { Texts } from '../../../texts/index.ts';
import type { DiscordApi } from '../api.ts';
import { NO_MENTIONS } from '../reply/render.ts';
import { type Acknowledge, deferral, ephemeral } from './acknowledge.ts';
import type { CommandInteraction } from './intent.ts';
import { interactionTarget } from './targets.ts';

export interface StyleSheetOptions {
  readonly api: DiscordApi;
  readonly styles: readonly Style[];
  /** Encoded thumbnail of a style, if there is one. */
  readonly thumbnail?: ((styleId: string) => Promise<Uint8Array | undefined>) | undefined;
  readonly now: () => number;
}

/** Pixels. */
const TILE = 256;
const GAP = 8;
const COLUMNS = 4;

export class StyleSheet {
  readonly #options: StyleSheetOptions;
  #sheet: Promise<Uint8Array | undefined> | undefined;

  constructor(options: StyleSheetOptions) {
    this.#options = options;
  }

  async show(interaction: CommandInteraction, texts: Texts, acknowledge: Acknowledge): Promise<void> {
    const { api, styles, thumbnail, now } = this.#options;
    const lines = styles.map((style, index) => {
      const description = texts.styleDescription(style);
      return `${index + 1}. ${texts.styleTitle(style)}${description ? `: ${description}` : ''}`;
    });
    const content = [texts.style.all, ...lines].join('\n').slice(0, 2000);
    if (!thumbnail) return acknowledge(ephemeral(content));
    await acknowledge(deferral(true));
    this.#sheet ??= this.#compose();
    const sheet = await this.#sheet.catch(() => undefined);
    const description = styles
      .map((style) => texts.styleTitle(style))
      .join(', ')
      .slice(0, 1024);
    await api.editOriginal(
      interactionTarget(interaction, { isPrivate: true, now: now() }),
      {
        content,
        allowed_mentions: NO_MENTIONS,
        ...(sheet ? { attachments: [{ id: '0', filename: 'styles.jpg', description }] } : {}),
      },
      sheet ? [{ name: 'styles.jpg', bytes: sheet }] : [],
    );
  }

  /** Thumbnails in rows of four, in the order of the list; made once. */
  async #compose(): Promise<Uint8Array | undefined> {
    const { styles, thumbnail } = this.#options;
    const found = await Promise.all(styles.map((style) => thumbnail?.(style.id)));
    const tiles = await Promise.all(
      found
        .filter((picture) => picture !== undefined)
        .map((picture) => sharp(picture).resize(TILE, TILE, { fit: 'cover' }).png().toBuffer()),
    );
    if (tiles.length === 0) return undefined;
    const columns = Math.min(COLUMNS, tiles.length);
    const rows = Math.ceil(tiles.length / columns);
    const span = (count: number) => count * (TILE + GAP) - GAP;
    return sharp({ create: { width: span(columns), height: span(rows), channels: 3, background: '#fff' } })
      .composite(
        tiles.map((input, index) => ({
          input,
          left: (index % columns) * (TILE + GAP),
          top: Math.floor(index / columns) * (TILE + GAP),
        })),
      )
      .jpeg({ quality: 88 })
      .toBuffer();
  }
}
