/** The small parts by themselves, and everything that people can forge. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CDN, GatewayIntentBits, PermissionFlagsBits } from 'discord.js';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commandDefinitions } from '../../../src/bots/discord/commands.ts';
import { imagesOf } from '../../../src/bots/discord/incoming/media.ts';
import { Quota } from '../../../src/bots/discord/incoming/quota.ts';
import { RecentLocales } from '../../../src/bots/discord/incoming/recent-locales.ts';
import { SourceStore } from '../../../src/bots/discord/originals/original-store.ts';
import { sameCommands } from '../../../src/bots/discord/register.ts';
import { customId, parseCustomId } from '../../../src/bots/discord/reply/callback-data.ts';
import { altText, fileName, partOfFile, styleRows } from '../../../src/bots/discord/reply/render.ts';
import { GroupStore, newGroupState } from '../../../src/bots/discord/reply/reply-store.ts';
import type { DiscordReply } from '../../../src/bots/discord/types.ts';
import { readStyles } from '../../../src/inference/models/manifest.ts';
import type { Style } from '../../../src/inference/types.ts';
import { createTexts, LOCALES } from '../../../src/texts/index.ts';
import { checkBody } from '../../support/loopback-discord/spec.ts';
import { modelsFolder } from '../../support/models-folder.ts';
import { STYLES } from './harness.ts';

describe('custom ids', () => {
  it('come back as they were', () => {
    const argument = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
    fc.assert(
      fc.property(fc.constantFrom('again' as const, 'cancel' as const), argument, (action, value) => {
        const id = customId(action, value);
        expect(id.length).toBeLessThanOrEqual(100);
        expect(parseCustomId(id)).toEqual({ action, argument: value });
      }),
    );
  });

  it("anything else is nobody's", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), (text) => {
        const press = parseCustomId(text);
        if (press) expect(press.argument).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      }),
    );
    expect(() => customId('again', '../x')).toThrow('Expected');
  });
});

describe('file names', () => {
  const reply = (part: number, parts: number, spoiler: boolean) => ({ part, parts, spoiler }) as DiscordReply;

  it('tell which part of a group they are', () => {
    const style = fc.stringMatching(/^[a-z0-9]{1,12}(-[a-z0-9]{1,4})?$/);
    fc.assert(
      fc.property(
        style,
        fc.integer({ min: 1, max: 10 }),
        fc.boolean(),
        fc.boolean(),
        (id, parts, spoiler, png) => {
          for (let part = 0; part < parts; part++) {
            const name = fileName(reply(part, parts, spoiler), id, png ? 'png' : 'jpeg');
            expect(partOfFile(name, parts)).toBe(part);
          }
        },
      ),
    );
  });

  it('of others are not ours', () => {
    for (const name of ['photo.jpg', 'dctoon-3d-11.jpg', 'dctoon-3d-0.jpg', 'dctoon.jpg']) {
      expect(partOfFile(name, 10)).toBeUndefined();
    }
  });

  it('alternative texts stay within the limit', () => {
    expect(altText(createTexts('en'), '3D', 'x'.repeat(2000))).toHaveLength(1024);
  });
});

describe('commands', () => {
  const many: Style[] = Array.from({ length: 40 }, (_, n) => ({
    id: `style${n}`,
    title: 't'.repeat(150),
    titles: Object.fromEntries(LOCALES.map((locale) => [locale, 'u'.repeat(150)])),
    description: 'd'.repeat(150),
    descriptions: Object.fromEntries(LOCALES.map((locale) => [locale, 'e'.repeat(150)])),
  }));

  it("pass Discord's specification in every language, also with many styles and long titles", () => {
    expect(checkBody('PUT', '/applications/1/commands', commandDefinitions(many))).toEqual([]);
  });

  it('offer the styles of a models folder under their titles in every language', async () => {
    const models = await modelsFolder({ '3d': true, anime: false, sketch: false });
    const definitions = commandDefinitions(await readStyles(models.path));
    await models.remove();
    for (const command of ['cartoonize', 'style']) {
      const { options = [] } = definitions.find(({ name }) => name === command) as {
        options?: { name: string; choices?: object[] }[];
      };
      const choices = options.find(({ name }) => name === 'style')?.choices;
      expect(choices).toHaveLength(3);
      expect(choices?.[1]).toEqual({
        name: 'Anime (en)',
        value: 'anime',
        name_localizations: {
          de: 'Anime (de)',
          'es-419': 'Anime (es)',
          'es-ES': 'Anime (es)',
          'pt-BR': 'Anime (pt-BR)',
          ru: 'Anime (ru)',
          uk: 'Anime (uk)',
          'zh-CN': 'Anime (zh)',
        },
      });
    }
    expect(checkBody('PUT', '/applications/1/commands', definitions)).toEqual([]);
  });

  it('the menu under a cartoon describes the styles, within the limits', () => {
    const [row] = styleRows(createTexts('de'), STYLES, 'anime', 'source');
    expect(row?.components).toMatchObject([
      {
        options: [
          { value: '3d', label: '3d auf Deutsch', description: 'aussehen wie 3d' },
          { value: 'sketch', label: 'sketch auf Deutsch', description: 'aussehen wie sketch' },
        ],
      },
    ]);
    const components = styleRows(createTexts('en'), many, 'none', 'source');
    expect(checkBody('POST', '/channels/1/messages', { components })).toEqual([]);
    expect(JSON.stringify(components)).toContain(`"${'e'.repeat(100)}"`);
  });

  it('the specification check itself finds mistakes', () => {
    const [first, ...rest] = commandDefinitions(STYLES);
    const broken = (change: object) =>
      checkBody('PUT', '/applications/1/commands', [{ ...first, ...change }, ...rest]);
    expect(broken({ description: 'x'.repeat(101) })).not.toEqual([]);
    expect(broken({ name: 'With Spaces' })).not.toEqual([]);
    expect(broken({ contexts: [9] })).not.toEqual([]);
    expect(broken({ nonsense: 1 })).not.toEqual([]);
    expect(checkBody('PATCH', '/webhooks/1/t/messages/@original', { content: 'x'.repeat(2001) })).not.toEqual(
      [],
    );
    expect(checkBody('POST', '/channels/1/messages', { nonce: 'x'.repeat(26) })).not.toEqual([]);
  });

  it('are the same however Discord says "nothing"; a change of any kind shows', () => {
    const wanted = commandDefinitions(STYLES);
    const stored = wanted.map((command, index) => ({
      default_member_permissions: null,
      nsfw: false,
      description_localizations: null,
      ...command,
      id: String(index),
      version: '1',
      application_id: '2',
      dm_permission: true,
    }));
    expect(sameCommands(stored.toReversed(), wanted)).toBe(true);
    const changed = structuredClone(wanted) as { description: string; options?: { required?: boolean }[] }[];
    if (changed[0]) changed[0].description = 'another';
    expect(sameCommands(stored, changed)).toBe(false);
    const required = structuredClone(wanted) as typeof changed;
    if (required[0]?.options?.[1]) required[0].options[1].required = true;
    expect(sameCommands(stored, required)).toBe(false);
    expect(sameCommands(stored.slice(1), wanted)).toBe(false);
  });
});

describe('quota', () => {
  it('frees what has left the window, gives back, and tells the wait', () => {
    let now = 1_000_000;
    const quota = new Quota({ limit: 3, windowMs: 60_000, now: () => now });
    quota.take('a', 2);
    now += 10_000;
    quota.take('a', 1);
    expect(() => quota.take('a', 1)).toThrow(
      expect.objectContaining({ code: 'rate_limited', details: { seconds: 50 } }),
    );
    expect(() => quota.take('a', 3)).toThrow(expect.objectContaining({ details: { seconds: 60 } }));
    quota.take('b', 3);
    quota.refund('a');
    quota.take('a', 1);
    now += 50_001;
    quota.take('a', 2);
    expect(() => quota.take('a', 1)).toThrow();
    expect(() => quota.take('c', 4)).toThrow(expect.objectContaining({ details: { seconds: 60 } }));
    now += 60_001;
    quota.sweep();
    quota.take('a', 3);
  });
});

describe('stores', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dctoon-stores-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('originals: kept for their time after the answer, then deleted', async () => {
    let now = Date.now();
    const store = new SourceStore({ folder, keepMs: 60_000, now: () => now });
    const ref = store.newRef();
    await store.put(ref, 1, Uint8Array.of(2));
    await store.put(ref, 0, Uint8Array.of(1));
    now += 5 * 60_000;
    // A photo that still waits is not out of time.
    expect(await store.parts(ref)).toEqual([0, 1]);
    await store.answered(ref, 0);
    now += 61_000;
    expect(await store.parts(ref)).toEqual([1]);
    await store.sweep();
    expect(await readdir(folder)).toEqual([`${ref}.1`]);
    expect(await store.get(ref, 0)).toBeUndefined();
    expect(await new SourceStore({ folder, keepMs: 60_000 }).get(ref, 1)).toEqual(Buffer.of(2));
  });

  it('originals: the oldest make way', async () => {
    let now = Date.now();
    const store = new SourceStore({ folder, keepMs: 60_000, maxBytes: 250, now: () => now });
    const refs = [store.newRef(), store.newRef(), store.newRef()];
    for (const ref of refs) {
      await store.put(ref, 0, new Uint8Array(100));
      now += 1000;
    }
    expect(await Promise.all(refs.map((ref) => store.parts(ref)))).toEqual([[], [0], [0]]);
  });

  it('originals: nothing is kept when nothing is to be kept', async () => {
    const store = new SourceStore({ folder, keepMs: 0 });
    await store.put(store.newRef(), 0, Uint8Array.of(1));
    expect(await readdir(folder)).toEqual([]);
  });

  it('originals: a forged key never leaves the folder', async () => {
    const store = new SourceStore({ folder, keepMs: 60_000 });
    await fc.assert(
      fc.asyncProperty(fc.string(), async (ref) => {
        expect(await store.parts(ref)).toEqual([]);
      }),
    );
    await expect(store.get('../../../../etc/passwd', 0)).rejects.toThrow('Expected');
  });

  it('replies: come back, unless they were damaged or are not ours', async () => {
    const store = new GroupStore(folder);
    const state = newGroupState({ group: 'dc-1', parts: 2, userId: '3' } as DiscordReply);
    await store.save(state);
    expect(await store.load('dc-1')).toEqual(state);
    expect(await store.load('dc-2')).toBeUndefined();
    expect(await store.load('../x')).toBeUndefined();
    await writeFile(join(folder, 'dc-1.json'), '{"id":');
    expect(await store.load('dc-1')).toBeUndefined();
    const later = new GroupStore(folder, () => Date.now() + 2 * 60 * 60_000);
    await later.sweep();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('images', () => {
  it('survive whatever a message holds', () => {
    const cdn = new CDN();
    const attachment = fc.record({
      url: fc.webUrl(),
      filename: fc.string(),
      size: fc.nat(),
      content_type: fc.option(fc.string(), { nil: undefined }),
    });
    const message = fc.record(
      {
        attachments: fc.array(attachment),
        embeds: fc.array(fc.record({ image: fc.record({ url: fc.string() }) }, { requiredKeys: [] })),
        sticker_items: fc.array(
          fc.record({ id: fc.string(), name: fc.string(), format_type: fc.integer({ min: 0, max: 9 }) }),
        ),
        message_snapshots: fc.array(
          fc.record({ message: fc.record({ attachments: fc.array(attachment) }, { requiredKeys: [] }) }),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(message, (one) => {
        expect(imagesOf(one as never, cdn).images.length).toBeLessThanOrEqual(10);
      }),
    );
  });
});

it('locales: the latest people are remembered', () => {
  const locales = new RecentLocales(2);
  locales.set('a', 'de');
  locales.set('b', 'ru');
  locales.set('a', 'es');
  locales.set('c', 'uk');
  expect([locales.of('a'), locales.of('b'), locales.of('c')]).toEqual(['es', 'en', 'uk']);
});

it('docs/discord.md names the permissions and intents that are used', async () => {
  const text = await readFile(new URL('../../../docs/discord.md', import.meta.url), 'utf8');
  const { ViewChannel, SendMessages, AttachFiles, ReadMessageHistory, SendMessagesInThreads } =
    PermissionFlagsBits;
  const sum = ViewChannel | SendMessages | AttachFiles | ReadMessageHistory | SendMessagesInThreads;
  expect(text).toContain(`## Permissions: ${sum}`);
  expect(text).toContain(`permissions=${sum}`);
  expect(text).toContain(`(${GatewayIntentBits.GuildMessages | GatewayIntentBits.DirectMessages})`);
});
