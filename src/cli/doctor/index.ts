/** `dctoon doctor`: everything the service needs, checked before it matters and told in plain words. */
import dotenv from 'dotenv';
import { type Config, ConfigError, loadConfig } from '../../config/schema.ts';
import { scrub } from '../../observability/logger.ts';
import { PACKAGED_MODELS, VERSION } from '../../shared/version.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { type Finding, fail, ok } from './finding.ts';
import { checkDrawing, checkLibraries, checkMachine, checkModels, checkNode } from './installation.ts';
import { checkDiscord, checkTelegram } from './platforms.ts';
import { checkRedis } from './redis.ts';
import { checkDataFolder, checkPort } from './surroundings.ts';

export interface DoctorArguments {
  /** Ask no platform. */
  readonly offline: boolean;
}

const SIGNS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;

/** Prints one line per finding. @returns 0 when nothing fails */
export async function doctor({ offline }: DoctorArguments): Promise<ExitCode> {
  dotenv.config({ quiet: true });
  process.env['MODELS_DIR'] ||= PACKAGED_MODELS;
  const counts = { ok: 0, warn: 0, fail: 0 };
  const tell = (findings: readonly Finding[]) => {
    for (const { level, text } of findings) {
      counts[level]++;
      process.stdout.write(`${SIGNS[level]}  ${scrub(text)}\n`);
    }
  };

  process.stdout.write(`dctoon ${VERSION}\n`);
  tell([checkNode()]);
  const { config, findings, wrong } = readConfig();
  tell(findings);
  tell(await checkLibraries());
  tell(await checkModels(config.MODELS_DIR, config.DEFAULT_STYLE));
  // A picture would only repeat what is wrong already.
  if (counts.fail === 0) tell([await checkDrawing(config.MODELS_DIR, config.DEFAULT_STYLE)]);
  tell([checkMachine(config)]);
  const folder = await checkDataFolder(config);
  tell(folder.findings);
  // A running service has the port itself.
  if (!folder.isInUse) tell([await checkPort(config)]);
  tell(await checkRedis(config));
  if (!offline && !wrong.has('TELEGRAM_TOKEN')) tell(await checkTelegram(config));
  if (!offline && !wrong.has('DISCORD_TOKEN')) tell(await checkDiscord(config));

  process.stdout.write(`\n${verdict(counts)}\n`);
  return counts.fail === 0 ? EXIT.done : EXIT.broken;
}

interface ReadConfig {
  readonly config: Config;
  readonly findings: readonly Finding[];
  /** Variables that are wrong. */
  readonly wrong: ReadonlySet<string>;
}

/** What is wrong is left out, and the rest checked all the same: one run should find as much as it can. */
function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): ReadConfig {
  try {
    return { config: loadConfig(env), findings: [ok('The configuration is valid.')], wrong: new Set() };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const wrong = new Set(error.problems.map((problem) => problem.split(/[.:]/)[0] ?? ''));
    // The one rule about two variables at once complains about the second.
    if (wrong.has('TELEGRAM_WEBHOOK_SECRET')) wrong.add('TELEGRAM_WEBHOOK_URL');
    const rest = Object.fromEntries(Object.entries(env).filter(([name]) => !wrong.has(name)));
    return { ...readConfig(rest), findings: error.problems.map(fail), wrong };
  }
}

function verdict({ warn, fail: failed }: { readonly warn: number; readonly fail: number }): string {
  const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  if (failed > 0) return `${plural(failed, 'problem')} to solve.`;
  return warn > 0 ? `It works; ${plural(warn, 'warning')}.` : 'Everything is in order.';
}
