/**
 * Two versions of the built service in turns on one machine: how long a photo takes, and how long a start.
 *
 *   npx tsx bench/versions.ts FOLDER [--runs 20] [--models FOLDER]
 *
 * FOLDER is a checkout of the older version after `npm ci && npm run build`. With `--models` this version is measured a
 * second time, with those networks: with the older version's, what is left is the code's.
 */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from '../test/support/service.ts';
import { untilUp, upload } from './http.ts';
import { interleaved, median, table } from './measure.ts';
import { photo } from './photos.ts';
import { SupervisedProcess } from './processes.ts';
import { fixed } from './section.ts';

const HERE = fileURLToPath(new URL('../', import.meta.url));
const FLAGS = ['--enable-source-maps', '--max-semi-space-size=2', '--optimize-for-size'];
const PHOTOS = [
  [512, 512, 1],
  [1280, 960, 0],
  [1280, 960, 1],
  [4000, 3000, 1],
] as const;
const STARTS = 8;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '20' }, models: { type: 'string' } },
});
const [older = ''] = positionals;

interface Version {
  readonly folder: string;
  readonly models: string;
  readonly port: string;
}

const versions: Record<string, Version> = {
  before: { folder: resolve(older), models: join(resolve(older), 'models'), port: '8095' },
  now: { folder: HERE, models: join(HERE, 'models'), port: '8096' },
  ...(values.models && {
    'now, networks as before': { folder: HERE, models: resolve(values.models), port: '8097' },
  }),
};

function start({ folder, models, port }: Version): Promise<SupervisedProcess> {
  return SupervisedProcess.start({
    args: [...FLAGS, join(folder, 'dist/main.js')],
    env: {
      MODELS_DIR: models,
      DATA_DIR: join('/tmp', `dctoon-version-${process.pid}-${port}`),
      WEB_PORT: port,
      WEB_RATE_LIMIT: '0',
      LOG_LEVEL: 'warn',
      MALLOC_ARENA_MAX: '2',
      MALLOC_MMAP_THRESHOLD_: '1048576',
    },
    ready: /(?:)/,
  });
}

await build();
const entries = Object.entries(versions);

const starts: Record<string, number[]> = {};
for (let run = 0; run < STARTS; run++) {
  for (const [name, version] of entries) {
    const file = await photo(1280, 960, 1);
    const begun = performance.now();
    const service = await start(version);
    await untilUp(version.port);
    await upload(version.port, file);
    starts[name] = [...(starts[name] ?? []), performance.now() - begun];
    await service.stop('SIGKILL');
  }
}

const services: SupervisedProcess[] = [];
for (const [, version] of entries) {
  services.push(await start(version));
  await untilUp(version.port);
}
const row = (what: string, of: (name: string) => number | undefined) => {
  const ms = (name: string) => of(name) ?? Number.NaN;
  const cells = entries.flatMap(([name]) => [
    [name, fixed(ms(name), 0)],
    ...(name === 'before' ? [] : [[`${name} / before`, fixed(ms(name) / ms('before'), 2)]]),
  ]);
  return { milliseconds: what, ...Object.fromEntries(cells) };
};
const rows = [];
for (const [width, height, faces] of PHOTOS) {
  const file = await photo(width, height, faces);
  const ms = await interleaved(
    Object.fromEntries(entries.map(([name, { port }]) => [name, () => upload(port, file)])),
    Number(values.runs),
  );
  rows.push(row(`${width} x ${height}, ${faces} faces`, (name) => ms[name]));
}
rows.push(row('from the start to the first cartoon', (name) => median(starts[name] ?? [])));
for (const service of services) await service.stop('SIGTERM');
console.log(table(rows));
