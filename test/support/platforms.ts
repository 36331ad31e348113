/** Both loopback platforms, and what a started service must be told to talk to them. */
import { type LoopbackDiscord, startLoopbackDiscord } from './loopback-discord/index.ts';
import { type LoopbackOptions, LoopbackTelegram } from './loopback-telegram/index.ts';

export interface Platforms {
  readonly telegram: LoopbackTelegram;
  readonly discord: LoopbackDiscord;
  /** For `ServiceProcess.start`. */
  readonly env: Readonly<Record<string, string>>;
  /** Resolves when the service has registered its commands: from then on they can be given. */
  registered(): Promise<unknown>;
  close(): Promise<void>;
}

export async function startPlatforms(options: LoopbackOptions = {}): Promise<Platforms> {
  const telegram = await LoopbackTelegram.start(options);
  const discord = await startLoopbackDiscord();
  const { world } = discord;
  return {
    telegram,
    discord,
    env: {
      TELEGRAM_TOKEN: telegram.token,
      TELEGRAM_API_ROOT: telegram.root,
      DISCORD_TOKEN: world.token,
      DISCORD_API_ROOT: discord.apiRoot,
    },
    registered: () => world.until(() => world.globalCommands.length > 0, 'registered commands', 60_000),
    close: async () => {
      await telegram.close();
      await discord.close();
    },
  };
}
