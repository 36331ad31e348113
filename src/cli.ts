#!/usr/bin/env node
/**
 * `dctoon` on the command line. Each command is a module in `src/cli`, loaded when it is called; here they only get
 * their names and options.
 */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { CartoonizeArguments } from './cli/cartoonize.ts';
import { type CommandResult, EXIT } from './cli/exit.ts';
import { STRENGTH } from './inference/drawing/strength.ts';
import { PHOTO_FORMATS, SHAPES } from './inference/types.ts';
import { PACKAGED_MODELS, VERSION } from './shared/version.ts';

const CARTOONIZE_EXAMPLES = `  dctoon cartoonize me.jpg                            # writes me-3d.jpg
  dctoon cartoonize me.jpg cartoon.png --style "Pop art"
  dctoon cartoonize holiday/ "party/*.jpg" --out cartoons
  dctoon cartoonize me.jpg styles.jpg --style all
  curl -s https://example.org/me.jpg | dctoon cartoonize - - > cartoon.jpg`;

function createProgram(signal: AbortSignal): Command {
  const program = new Command('dctoon')
    .description('Turns photos of people into cartoons.')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('(dctoon --help shows what is possible)')
    .addHelpText(
      'after',
      `\nExamples:\n${CARTOONIZE_EXAMPLES}\n  dctoon styles\n  dctoon start\n\n"dctoon <command> --help" says more about each.`,
    );

  const models = () =>
    new Option('--models <folder>', 'folder with the networks')
      .env('MODELS_DIR')
      .default(PACKAGED_MODELS, 'packaged');
  const finish = ({ exitCode, message }: CommandResult, out: NodeJS.WritableStream = process.stdout) => {
    process.exitCode = exitCode;
    if (message) (exitCode === EXIT.done ? out : process.stderr).write(`${message}\n`);
  };

  program
    .command('cartoonize')
    .description('draw photos: one into a file, or many into a folder')
    .addArgument(
      new Argument(
        '<photos...>',
        'photo, and file to write (default: beside it); with --out: files, folders and globs (quoted); - is stdin and stdout',
      ),
    )
    .addOption(new Option('-o, --out <folder>', 'where the cartoons go, as <name>-<style>.jpg'))
    .addOption(
      new Option(
        '-s, --style <name>',
        'how it should look, by id or title ("dctoon styles" lists them); "all" draws every style and a contact sheet',
      )
        .env('DEFAULT_STYLE')
        .default('3d'),
    )
    .addOption(
      new Option(
        '--as <shape>',
        'what the cartoon is cut to: stickers are WebP, emoji and cut-outs PNG',
      ).choices([...SHAPES]),
    )
    .addOption(
      new Option('--strength <percent>', 'from 0 (the photo) to 150; 100 is how the style draws').argParser(
        wholeNumber(STRENGTH.least, STRENGTH.most),
      ),
    )
    .addOption(
      new Option(
        '-f, --format <format>',
        'encoding of the cartoons (default: by the name of the file, else JPEG)',
      ).choices([...PHOTO_FORMATS]),
    )
    .addOption(
      new Option('-j, --jobs <n>', 'photos drawn at the same time (default: one per core)').argParser(
        wholeNumber(1, 64),
      ),
    )
    .addOption(new Option('--force', 'overwrite what is there already').default(false))
    .addOption(new Option('--json', 'a line of JSON for each cartoon and each failure').default(false))
    .addOption(new Option('-q, --quiet', 'say nothing but what went wrong').default(false))
    .addOption(models())
    .addHelpText('after', `\nExamples:\n${CARTOONIZE_EXAMPLES}`)
    .action(async (paths: string[], options: Omit<CartoonizeArguments, 'paths' | 'signal'>) => {
      const { cartoonize } = await import('./cli/cartoonize.ts');
      const result = await cartoonize({ paths, signal, ...options });
      finish(result, options.json || paths.includes('-') ? process.stderr : process.stdout);
    });

  program
    .command('styles')
    .description('list the styles')
    .addOption(new Option('--json', 'as JSON').default(false))
    .addOption(models())
    .action(async ({ models: folder, json }: { models: string; json: boolean }) => {
      const { listStyles } = await import('./cli/styles.ts');
      finish(await listStyles(folder, json));
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

/** Reads an option's number. */
function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isInteger(number) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
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
