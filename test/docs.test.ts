/** What the documents name is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];

it.each(pages)('every file that %s names exists', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const named = [...text.matchAll(/`((?:src|test|bench|scripts|deploy)\/[\w./-]+\.\w+)`/g)].map(
    ([, path = '']) => path,
  );
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

it('every file on the walk of docs/architecture.md exists', () => {
  const text = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
  const names = [...text.matchAll(/`([\w/-]+\.(?:ts|lua))`/g)].map(([, path = '']) => path);
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  expect(names.length).toBeGreaterThan(40);
  expect(
    names.filter(
      (name) => !files.some((file) => `src/${file}`.endsWith(`/${name}`)) && !existsSync(join(ROOT, name)),
    ),
  ).toEqual([]);
});
