import { describe, expect, it } from 'vitest';
import { commandDefinitions } from '../../../src/bots/discord/command-definitions.ts';
import { sameCommands } from '../../../src/bots/discord/register-commands.ts';
import { styleRows } from '../../../src/bots/discord/reply/render.ts';
import { readStyles } from '../../../src/inference/models/manifest.ts';
import type { Style } from '../../../src/inference/types.ts';
import { createTexts, LOCALES } from '../../../src/texts/index.ts';
import { checkBody } from '../../support/loopback-discord/spec.ts';
import { modelsFolder } from '../../support/models-folder.ts';
import { STYLES } from './harness.ts';

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
    const [row] = styleRows(createTexts('de'), STYLES, { style: 'anime' }, 'source');
    expect(row?.components).toMatchObject([
      {
        options: [
          { value: '3d', label: '3d auf Deutsch', description: 'aussehen wie 3d' },
          { value: 'sketch', label: 'sketch auf Deutsch', description: 'aussehen wie sketch' },
        ],
      },
    ]);
    const components = styleRows(createTexts('en'), many, { style: 'none' }, 'source');
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
