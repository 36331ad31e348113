/** Who may know whom: imports go down the layers of docs/architecture.md, and never in a circle. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SOURCE = fileURLToPath(new URL('../src/', import.meta.url));

/** From below: a layer may import from itself and from those before it. Rooms of one layer do not know each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['shared'],
  ['config', 'logger'],
  ['storage'],
  ['inference'],
  ['queue'],
  ['texts', 'observability'],
  ['bots', 'web'],
  ['app'],
  ['main.ts', 'index.ts'],
  ['cli'],
  ['cli.ts'],
];

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);
const imports = new Map(
  files.map((file) => {
    const text = readFileSync(join(SOURCE, file), 'utf8');
    const found = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+\.ts)'/g)];
    return [file, found.map(([, path = '']) => normalize(join(dirname(file), path)))] as const;
  }),
);

/** The logger and its output are the part of observability that everybody may use. */
const LOGGER = ['logger.ts', 'log-output.ts'].map((name) => join('observability', name));

function roomOf(file: string): string {
  return LOGGER.includes(file) ? 'logger' : (file.split(/[\\/]/)[0] ?? file);
}

it('every import is understood: it names a file of src', () => {
  expect(imports.size).toBeGreaterThan(150);
  for (const [file, targets] of imports) {
    for (const target of targets) expect(imports.has(target), `${file} imports ${target}`).toBe(true);
  }
});

it('dependencies run one way', () => {
  const level = new Map(LAYERS.flatMap((rooms, index) => rooms.map((room) => [room, index] as const)));
  const wrong = [...imports].flatMap(([file, targets]) =>
    targets
      .filter((target) => {
        const [from, to] = [roomOf(file), roomOf(target)];
        return from !== to && (level.get(to) ?? 99) >= (level.get(from) ?? -1);
      })
      .map((target) => `${file} -> ${target}`),
  );
  expect(wrong).toEqual([]);
});

it('nothing imports itself by a detour', () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    else if (!done.has(file)) {
      for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    }
  };
  for (const file of imports.keys()) visit(file, []);
  expect(circles).toEqual([]);
});
