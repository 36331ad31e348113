/** `dctoon cartoonize`: the pipeline of the bots, on files. */

import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import PQueue from 'p-queue';
import { concurrencyOf } from '../app/concurrency.ts';
import { Cartoonizer } from '../inference/cartoonizer.ts';
import { checkBytes } from '../inference/image/limits.ts';
import { readManifest, stylesOf } from '../inference/models/manifest.ts';
import { notesOf } from '../inference/notes.ts';
import type { Cartoon, Shape, Style } from '../inference/types.ts';
import { DctoonError } from '../shared/errors.ts';
import { createTexts } from '../texts/index.ts';
import { ContactSheet, MAX_ROWS } from './contact-sheet.ts';
import { type CommandResult, EXIT, type ExitCode } from './exit.ts';
import { CommandError, fileError, photoError } from './failure.ts';
import { type Photo, STDIO } from './photos.ts';
import { makePlan, type Plan, type PlanArguments } from './plan.ts';
import { bar, json as jsonLines, lines, type Progress } from './progress.ts';
import { chosenStyles } from './styles.ts';

export interface CartoonizeArguments extends PlanArguments {
  /** A style's id or title, or `all` for every style and a contact sheet. */
  readonly style: string;
  /** A line of JSON on standard output for each cartoon and each failure. */
  readonly json?: boolean;
  /** Says nothing but what went wrong. */
  readonly quiet?: boolean;
  /** Folder with the networks. */
  readonly models: string;
  /** Per cent, 0 to 150. Default 100. */
  readonly strength?: number;
  /** Photos drawn at the same time. Default: one per core that has memory beside it (`concurrencyOf`), at most 8. */
  readonly jobs?: number;
  readonly signal: AbortSignal;
}

/** People work on the same machine; more must be asked for. */
const MOST_JOBS = 8;
/** From this many photos on a bar says more than lines. */
const MANY = 4;
/** Files that the last line names at most. */
const MOST_NAMES = 5;

/** Draws photos into files. Never rejects: whatever goes wrong is in the result, in plain words. */
export async function cartoonize(options: CartoonizeArguments): Promise<CommandResult> {
  try {
    const styles = chosenStyles(stylesOf(await readManifest(options.models)), options.style);
    const style = options.style === 'all' ? 'all' : (styles[0]?.id ?? options.style);
    const plan = await makePlan({ ...options, style });
    if (plan.usesStdout && options.json) {
      throw new CommandError(EXIT.usage, 'The picture and --json cannot both go to standard output.');
    }
    const automatic = concurrencyOf({ QUEUE_CONCURRENCY: 'auto', TIER: 'full' });
    const { jobs = Math.min(plan.photos.length, automatic, MOST_JOBS) } = options;
    const engine = await Cartoonizer.create({ modelsDir: options.models, concurrency: jobs });
    try {
      return await new Run(plan, engine, styles, options).draw(jobs);
    } finally {
      await engine.close();
    }
  } catch (error) {
    if (error instanceof CommandError) return { exitCode: error.exitCode, message: error.message };
    return { exitCode: EXIT.broken, message: DctoonError.from(error).message };
  }
}

/** One run over all photos of a plan. A photo that fails does not stop the others. */
class Run {
  readonly #plan: Plan;
  readonly #engine: Cartoonizer;
  readonly #signal: AbortSignal;
  readonly #styles: readonly Style[];
  readonly #strength: number | undefined;
  readonly #as: Shape | undefined;
  readonly #quiet: boolean;
  readonly #sheet: ContactSheet | undefined;
  readonly #progress: Progress;
  readonly #failures: CommandError[] = [];
  /** Photos of which something was drawn, and photos of which everything was there already. */
  #drawn = 0;
  #kept = 0;

  constructor(
    plan: Plan,
    engine: Cartoonizer,
    styles: readonly Style[],
    { strength, as, signal, json, quiet }: CartoonizeArguments,
  ) {
    this.#plan = plan;
    this.#engine = engine;
    this.#signal = signal;
    this.#styles = styles;
    this.#quiet = quiet === true;
    this.#strength = strength;
    this.#as = as;
    if (plan.sheet) {
      this.#sheet = new ContactSheet(['photo', ...this.#styles.map(({ title }) => title)]);
    }
    const { length } = plan.photos;
    if (json) this.#progress = jsonLines();
    else if (quiet) this.#progress = lines();
    else if (length >= MANY && process.stderr.isTTY) this.#progress = bar(length);
    else this.#progress = lines(plan.usesStdout ? process.stderr : process.stdout);
  }

  async draw(jobs: number): Promise<CommandResult> {
    const { photos, fileOf } = this.#plan;
    const line = new PQueue({ concurrency: jobs });
    const tasks = photos.map((photo, place) => {
      const files = this.#styles.map((style) => fileOf(photo, style.id));
      return () => this.#photo(photo, place, files);
    });
    try {
      await line.addAll(tasks);
    } finally {
      this.#progress.end();
    }
    return await this.#conclude();
  }

  async #photo(photo: Photo, place: number, files: readonly (string | undefined)[]): Promise<void> {
    if (this.#signal.aborted) return;
    const { keepsExisting } = this.#plan;
    const isThere = (file: string | undefined) => keepsExisting && file !== undefined && existsSync(file);
    const isKept = files.every(isThere);
    if (isKept && !this.#sheet) {
      this.#kept++;
      return this.#progress.done();
    }
    try {
      const bytes = await read(photo.path);
      const pictures: Uint8Array[] = [];
      for (const [index, style] of this.#styles.entries()) {
        const file = files[index];
        if (file !== undefined && isThere(file)) pictures.push(await readFile(file));
        else pictures.push(await this.#cartoon(photo, bytes, style, file));
      }
      await this.#sheet?.add(place, [bytes, ...pictures]);
      if (isKept) this.#kept++;
      else this.#drawn++;
      this.#progress.done();
    } catch (thrown) {
      const error = photoError(photo.path, thrown);
      if (error.exitCode === EXIT.interrupted) return;
      this.#failures.push(error);
      this.#progress.failed(photo.path, error);
    }
  }

  async #cartoon(
    photo: Photo,
    bytes: Uint8Array,
    { id: style }: Style,
    file: string | undefined,
  ): Promise<Uint8Array> {
    const { format } = this.#plan;
    const as = this.#as;
    const cartoon = await this.#engine.cartoonize(bytes, {
      style,
      format,
      ...(as !== undefined && { as }),
      ...(this.#strength !== undefined && { strength: this.#strength }),
      signal: this.#signal,
      job: photo.path,
    });
    if (file !== undefined) {
      await this.#save(file, cartoon.image);
      const { width, height, faces, timings } = cartoon;
      const facts = { photo: photo.path, file, style, format: cartoon.format, width, height, faces };
      const name = file === STDIO ? photo.path : file;
      this.#progress.wrote(`${name}: ${summary(cartoon)}`, {
        ...facts,
        milliseconds: Math.round(timings.total),
      });
    }
    return cartoon.image;
  }

  async #conclude(): Promise<CommandResult> {
    const { photos, passedOver, sheet } = this.#plan;
    if (this.#signal.aborted) {
      const left = photos.length - this.#drawn - this.#kept - this.#failures.length;
      return { exitCode: EXIT.interrupted, message: `Interrupted; not drawn: ${left} of ${photos.length}.` };
    }
    const words: string[] = [];
    if (photos.length > 1) {
      words.push(`${this.#drawn} of ${photos.length} photos drawn`);
      if (this.#kept > 0) words.push(`${this.#kept} were there already (--force draws them again)`);
      if (this.#failures.length > 0) words.push(`${this.#failures.length} failed`);
    }
    if (passedOver.length > 0) {
      const more = passedOver.length > MOST_NAMES ? ', ...' : '';
      const names = passedOver.slice(0, MOST_NAMES).join(', ');
      words.push(`passed over ${passedOver.length} of kinds that cannot be drawn (${names}${more})`);
    }
    const rows = this.#drawn + this.#kept;
    if (this.#sheet && sheet && rows > 0) {
      await this.#save(sheet.file, await this.#sheet.encode(sheet.format));
      const columns = ['photo', ...this.#styles.map(({ title }) => title)].join(', ');
      words.push(`${sheet.file}: contact sheet (${columns})`);
      if (rows > MAX_ROWS) words.push(`it shows the first ${MAX_ROWS} photos`);
    }
    const exitCode = Math.max(EXIT.done, ...this.#failures.map((failure) => failure.exitCode)) as ExitCode;
    const isSilent = this.#quiet && exitCode === EXIT.done;
    return { exitCode, message: isSilent ? '' : words.join(', ') };
  }

  /** Writes a file that is whole or absent: an interrupted run must not leave halves that the next one keeps. */
  async #save(file: string, bytes: Uint8Array): Promise<void> {
    if (file === STDIO) return await writeStdout(bytes);
    const draft = `${file}.part`;
    try {
      if (this.#plan.makesFolders) await mkdir(dirname(file), { recursive: true });
      await writeFile(draft, bytes);
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      fileError('write', file)(error as NodeJS.ErrnoException);
    }
  }
}

function summary(cartoon: Cartoon): string {
  const { width, height, faces, timings } = cartoon;
  const people =
    faces === 0 ? 'no face found, so the whole picture is drawn' : `${faces} face${faces === 1 ? '' : 's'}`;
  const notes = notesOf(cartoon, createTexts('en'));
  return [`${width} x ${height}, ${people}, ${(timings.total / 1000).toFixed(2)} s`, ...notes].join('. ');
}

/** @throws CommandError | DctoonError `too_large`, before a large file is in memory */
async function read(path: string): Promise<Buffer> {
  if (path === STDIO) return await readStdin();
  const { size } = await stat(path).catch(fileError('read', path));
  checkBytes(size);
  return await readFile(path).catch(fileError('read', path));
}

/** @throws DctoonError `too_large` */
async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    bytes += (chunk as Buffer).length;
    checkBytes(bytes);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function writeStdout(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => void process.stdout.write(bytes, () => resolve()));
}
