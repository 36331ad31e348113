#!/usr/bin/env node
/** `dctoon` on the command line. Each command is a module in `src/cli`; here they only get their names and options. */
import { fileURLToPath } from 'node:url';
import { Argument, Command, CommanderError, Option } from 'commander';
import { type CartoonizeArguments, cartoonizeFile } from './cli/cartoonize.ts';
import { EXIT } from './cli/exit.ts';

/** The models that came with the package, wherever the command is run. */
const PACKAGED_MODELS = fileURLToPath(new URL('../models', import.meta.url));

function createProgram(signal: AbortSignal): Command {
  const program = new Command('dctoon')
    .description('Turns photos of people into cartoons.')
    .exitOverride()
    .showHelpAfterError('(dctoon --help shows what is possible)');

  program
    .command('cartoonize')
    .description('draw one photo')
    .addArgument(new Argument('<in>', 'the photo: JPEG, PNG, WebP, GIF or AVIF'))
    .addArgument(new Argument('<out>', 'the file to write, .jpg or .png'))
    .addOption(new Option('--style <id>', 'how it should look').env('DEFAULT_STYLE').default('3d'))
    .addOption(
      new Option('--format <format>', 'encoding of the result (default: by the name of <out>)').choices([
        'jpeg',
        'png',
      ]),
    )
    .addOption(
      new Option('--models <folder>', 'folder with the networks')
        .env('MODELS_DIR')
        .default(PACKAGED_MODELS, 'packaged'),
    )
    .action(
      async (
        input: string,
        output: string,
        options: Pick<CartoonizeArguments, 'style' | 'format' | 'models'>,
      ) => {
        const { exitCode, message } = await cartoonizeFile({ input, output, signal, ...options });
        process.exitCode = exitCode;
        (exitCode === EXIT.done ? process.stdout : process.stderr).write(`${message}\n`);
      },
    );

  return program;
}

async function main(): Promise<void> {
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
