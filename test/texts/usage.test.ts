/** Texts that nobody shows would be translated into seven languages for nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createTexts } from '../../src/texts/index.ts';

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url));

const source = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(ts|js|html)$/.test(name) && !/^texts[\\/]/.test(name))
  .map((name) => readFileSync(SOURCE + name, 'utf8'))
  .join('\n');

/** Paths of all texts. A Discord command or option counts as one: its name and description are read together. */
function textPaths(table: object, path: readonly string[] = []): string[][] {
  return Object.entries(table).flatMap(([key, value]) => {
    if (typeof value !== 'object') return key === 'name' || key === 'description' ? [] : [[...path, key]];
    const below = textPaths(value as object, [...path, key]);
    return 'name' in value && 'description' in value ? [[...path, key], ...below] : below;
  });
}

/** Whether the source says `table.key`, `{ key } = ...table`, or `table[...]` with `'key'` elsewhere. */
function isRead(path: readonly string[]): boolean {
  const [table = '', key = ''] = path.slice(-2);
  const says = (pattern: string) => new RegExp(pattern).test(source);
  return (
    says(`\\b${table}\\.${key}\\b`) ||
    says(`\\{[^{}]*\\b${key}\\b[^{}]*\\} = [^;]*\\b${table};`) ||
    (says(`\\b${table}\\[`) && says(`'${key}'`))
  );
}

it('every text is read somewhere', () => {
  const { error, styleTitle, styleDescription, locale, language, ...messages } = createTexts('en');
  const paths = [...textPaths(messages), ['bot', 'description']];
  expect(paths.length).toBeGreaterThan(100);
  expect(paths.filter((path) => !isRead(path)).map((path) => path.join('.'))).toEqual([]);
});

it('an unused text would be found', () => {
  expect(isRead(['start', 'telegram'])).toBe(true);
  expect(isRead(['start', 'nowhere'])).toBe(false);
  expect(isRead(['permissions', 'names', 'nowhere'])).toBe(false);
});
