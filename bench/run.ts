/**
 * Measures, and writes the tables of bench/README.md (between the markers of each section) and bench/results.json.
 *
 *   npm run bench                            all sections, 20 interleaved runs per figure, 10 minutes on a quiet machine
 *   npm run bench -- network stages          these only
 *   npm run bench -- --smoke --runs 1        whether everything still runs; writes nothing
 */
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { coldStart } from './cold-start.ts';
import { cutouts } from './cutouts.ts';
import { endToEnd } from './end-to-end.ts';
import { load } from './load.ts';
import { table } from './measure.ts';
import { network } from './network.ts';
import type { Row, Section } from './section.ts';
import { service } from './service.ts';
import { stages } from './stages.ts';

const SECTIONS: readonly Section[] = [network, stages, cutouts, endToEnd, service, load, coldStart];
const README = new URL('./README.md', import.meta.url);
const RESULTS = new URL('./results.json', import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { smoke: { type: 'boolean', default: false }, runs: { type: 'string', default: '20' } },
});
const unknown = positionals.filter((name) => !SECTIONS.some((section) => section.name === name));
if (unknown.length > 0) {
  throw new Error(
    `no section ${unknown.join(', ')}; there are ${SECTIONS.map(({ name }) => name).join(', ')}`,
  );
}

const wanted = SECTIONS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (wanted.length === 1) await measure(wanted[0] as Section);
else for (const { name } of wanted) inOwnProcess(name);

/** What one section leaves in memory slows the next one down: landmarks took three times longer after the FP32 networks. */
function inOwnProcess(name: string): void {
  const flags = ['--runs', values.runs, ...(values.smoke ? ['--smoke'] : [])];
  const file = fileURLToPath(import.meta.url);
  execFileSync(process.execPath, ['--import', 'tsx', file, name, ...flags], { stdio: 'inherit' });
}

async function measure(section: Section): Promise<void> {
  const tables = await section.measure({
    runs: Number(values.runs),
    smoke: values.smoke,
  });
  const text = tables.map((rows) => table(rows)).join('\n\n');
  console.log(`\n${section.name}\n${text}`);
  if (!values.smoke) await keep(section.name, tables, text);
}

/** Puts the tables between `<!-- bench:name -->` and `<!-- /bench:name -->`, with the machine they were measured on. */
async function keep(name: string, tables: readonly (readonly Row[])[], text: string): Promise<void> {
  const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}`;
  const date = new Date().toISOString().slice(0, 10);
  const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const readme = await readFile(README, 'utf8');
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`bench/README.md has no markers ${start} ... ${end}`);
  const body = `${start}\n\n${text}\n\n${machine}, ${date}\n\n`;
  await writeFile(README, readme.slice(0, from) + body + readme.slice(to));
  const results = JSON.parse(await readFile(RESULTS, 'utf8').catch(() => '{}')) as Record<string, unknown>;
  const entry = { machine, date, tables };
  await writeFile(RESULTS, `${JSON.stringify({ ...results, [name]: entry }, null, 2)}\n`);
}
