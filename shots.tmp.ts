import sharp from 'sharp';
import { launchChromium } from './test/support/browser.ts';
import { startService } from './test/web/harness.ts';
import { ASTRONAUT, PHONE, ROCKET, realStyles, Visitor } from './test/web/visitor.ts';
const [, , langs = 'en,ru,de,zh', modes = 'light,dark', kinds = 'phone,desk'] = process.argv;
const browser = await launchChromium();
for (const kind of kinds.split(',')) for (const colorScheme of modes.split(',') as ('light'|'dark')[]) for (const lang of langs.split(',')) {
  const service = await startService(await realStyles({ env: { WEB_RATE_LIMIT: '0' } }));
  const base = kind === 'phone' ? PHONE : { viewport: { width: 1280, height: 800 } };
  const v = await Visitor.open(browser, service, { ...base, deviceScaleFactor: 1, colorScheme } as never, `/?lang=${lang}`);
  const shots: Buffer[] = [];
  const shot = async () => shots.push(await v.page.screenshot({ fullPage: kind === 'phone' }));
  await shot();
  let release = () => {};
  service.engine.hold = new Promise((r) => { release = r; });
  await v.choose(ASTRONAUT); await v.page.waitForTimeout(900); await shot();
  service.engine.hold = undefined; release();
  await v.state('done'); await v.page.waitForTimeout(2500); await shot();
  await v.choose(ROCKET, ASTRONAUT); while (await v.page.locator('.badge[data-state=done]').count() < 3) await v.page.waitForTimeout(200); await v.page.locator('.strip button').nth(0).click();
  await v.page.locator('.split').fill('55'); await v.page.waitForTimeout(800); await shot();
  service.engine.failWith = 'broken_image';
  await v.page.locator('.style-option').nth(2).click({ force: true }); await v.state('failed'); await v.page.waitForTimeout(300); await shot();
  const metas = await Promise.all(shots.map((s) => sharp(s).metadata()));
  const w = Math.max(...metas.map((m) => m.width ?? 0)), h = Math.max(...metas.map((m) => m.height ?? 0));
  await sharp({ create: { width: (w + 10) * shots.length, height: h, channels: 3, background: '#888' } })
    .composite(shots.map((input, i) => ({ input, left: i * (w + 10), top: 0 }))).png().toFile(`/tmp/shots/${kind}-${colorScheme}-${lang}.png`);
  await v.page.context().close(); await service.stop();
}
await browser.close();
