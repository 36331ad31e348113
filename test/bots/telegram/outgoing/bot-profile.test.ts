import { expect, it } from 'vitest';
import { createTexts, LOCALES } from '../../../../src/texts/index.ts';
import { type Harness, until, useHarness } from '../harness.ts';

let harness: Harness;

useHarness((own) => {
  harness = own;
});

const SETTERS = ['setMyCommands', 'setMyDescription', 'setMyShortDescription'];
const sets = () => harness.telegram.calls.filter((call) => SETTERS.includes(call.method)).length;

it('commands, description and about text are set in every language, and only once', async () => {
  const { telegram } = harness;
  const admin = telegram.newUser();
  const config = { TELEGRAM_ADMIN_IDS: [String(admin.id), '999999'] };
  const bot = await harness.bot({ config });
  await until(() => bot.log.some((line) => line.includes('profile updated')), 'the profile');

  for (const locale of LOCALES) {
    const texts = createTexts(locale);
    const code = locale === 'en' ? '' : ` ${locale.slice(0, 2)}`;
    expect(telegram.profile.get(`setMyDescription default${code}`)?.['description']).toBe(
      texts.bot.description,
    );
    expect(telegram.profile.get(`setMyShortDescription default${code}`)?.['short_description']).toBe(
      texts.bot.about,
    );
    const commands = (scope: string) => telegram.profile.get(`setMyCommands ${scope}${code}`)?.['commands'];
    expect(commands('all_private_chats')).toContainEqual({
      command: 'cartoon',
      description: texts.commands.telegram.cartoon,
    });
    expect(commands('all_group_chats')).toHaveLength(6);
    expect(commands(`chat${admin.id}`)).toContainEqual({
      command: 'stats',
      description: texts.commands.telegram.stats,
    });
  }

  const first = sets();
  await bot.stop();
  const again = await harness.bot({ config, dataDir: bot.dataDir });
  await harness.quiet(1000);
  // The administrator without a chat is tried again, the rest is known.
  expect(sets() - first).toBe(LOCALES.length);
  await again.stop();
});

it('a profile that Telegram does not take costs nothing else', async () => {
  const { telegram } = harness;
  telegram.fault({
    method: 'setMyCommands',
    times: 100,
    error: { code: 400, description: 'Bad Request: no' },
  });
  const bot = await harness.bot();
  const user = telegram.newUser();
  const message = await telegram.send(user, { text: '/start' });
  await harness.textTo(telegram.dm(user), message);
  await until(() => bot.log.some((line) => line.includes('was not updated')), 'a warning');
});
