import { readFile } from 'node:fs/promises';
import { GatewayIntentBits, PermissionFlagsBits } from 'discord.js';
import { expect, it } from 'vitest';

it('docs/discord.md names the permissions and intents that are used', async () => {
  const text = await readFile(new URL('../../../docs/discord.md', import.meta.url), 'utf8');
  const { ViewChannel, SendMessages, AttachFiles, ReadMessageHistory, SendMessagesInThreads } =
    PermissionFlagsBits;
  const sum = ViewChannel | SendMessages | AttachFiles | ReadMessageHistory | SendMessagesInThreads;
  expect(text).toContain(`## Permissions: ${sum}`);
  expect(text).toContain(`permissions=${sum}`);
  expect(text).toContain(`(${GatewayIntentBits.GuildMessages | GatewayIntentBits.DirectMessages})`);
});
