#!/usr/bin/env node
/**
 * `dctoon` on the command line. Each command is a module in `src/cli`, loaded when it is called; here they only get
 * their names and options.
 */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { CartoonizeArguments } from './cli/cartoonize.ts';
import { EXIT } from './cli/exit.ts';
import { isStrength } from './inference/drawing/strength.ts';
import { PACKAGED_MODELS, VERSION } from './shared/version.ts';

function createProgram(signal: AbortSignal): Command {
  const program = new Command('dctoon')
    .description('Turns photos of people into cartoons.')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('(dctoon --help shows what is possible)');

  program
    .command('cartoonize')
    .description('draw photos: one into a file, or many into a folder')
    .addArgument(
      new Argument('<photos...>', 'photo and file to write; with --out: files, folders and globs (quoted)'),
    )
    .addOption(new Option('--out <folder>', 'where the cartoons go, as <name>-<style>.jpg'))
    .addOption(
      new Option('--style <id>', 'how it should look; "all" draws every style and a contact sheet')
        .env('DEFAULT_STYLE')
        .default('3d'),
    )
    .addOption(
      new Option('--strength <percent>', 'from 0 (the photo) to 150; 100 is how the style draws').argParser(
        percent,
      ),
    )
    .addOption(
      new Option(
        '--format <format>',
        'encoding of the cartoons (default: by the name of the file, JPEG in a folder)',
      ).choices(['jpeg', 'png']),
    )
    .addOption(
      new Option('--jobs <n>', 'photos drawn at the same time (default: one per core)').argParser(positive),
    )
    .addOption(new Option('--force', 'overwrite what is there already').default(false))
    .addOption(
      new Option('--models <folder>', 'folder with the networks')
        .env('MODELS_DIR')
        .default(PACKAGED_MODELS, 'packaged'),
    )
    .addHelpText(
      'after',
      `
Examples:
  dctoon cartoonize me.jpg cartoon.jpg
  dctoon cartoonize holiday/ "party/*.jpg" --out cartoons
  dctoon cartoonize me.jpg styles.jpg --style all`,
    )
    .action(async (paths: string[], options: Omit<CartoonizeArguments, 'paths' | 'signal'>) => {
      const { cartoonize } = await import('./cli/cartoonize.ts');
      const { exitCode, message } = await cartoonize({ paths, signal, ...options });
      process.exitCode = exitCode;
      if (message) (exitCode === EXIT.done ? process.stdout : process.stderr).write(`${message}\n`);
    });

  program
    .command('start')
    .description('run the bots and the web page, as configured by the environment and .env')
    .action(async () => {
      const { start } = await import('./cli/start.ts');
      await start();
    });

  for (const [role, description] of [
    ['bot', 'run the bots and the web page only; workers draw (docs/scaling.md)'],
    ['worker', 'draw only, what bots with the same QUEUE_URL take in'],
  ] as const) {
    program
      .command(role)
      .description(description)
      .action(async () => {
        const { start } = await import('./cli/start.ts');
        // main.ts reads the role from the command line too.
        await start();
      });
  }

  program
    .command('doctor')
    .description('check everything the service needs, in plain words')
    .option('--offline', 'do not ask Telegram and Discord')
    .action(async ({ offline = false }: { offline?: boolean }) => {
      const { doctor } = await import('./cli/doctor/index.ts');
      process.exitCode = await doctor({ offline });
    });

  return program;
}

function percent(text: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (isStrength(number)) return number;
  throw new InvalidArgumentError('It must be a whole number from 0 to 150.');
}

function positive(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 64) return number;
  throw new InvalidArgumentError('It must be a whole number from 1 to 64.');
}

async function main(): Promise<void> {
  // `| head -1`: what nobody reads is not worth an exception, and the work goes on.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  try {
    await createProgram(interrupt.signal).parseAsync();
  } catch (error) {
    // commander has already said what is wrong; --help and --version come here too, with 0.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
}

await main();
