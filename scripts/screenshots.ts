/** Pictures for the README: the real page with the real model, in Chromium. `npx tsx scripts/screenshots.ts` */
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../test/support/browser.ts';
import { build, ServiceProcess } from '../test/support/service.ts';

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

await build();
const service = await ServiceProcess.start({});
const url = await service.url();
const browser = await launchChromium();
const looks = [
  { name: 'page', viewport: { width: 1200, height: 760 }, colorScheme: 'light', phone: false },
  { name: 'page-phone-dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark', phone: true },
] as const;
for (const { name, viewport, colorScheme, phone } of looks) {
  const context = await browser.newContext({
    viewport,
    colorScheme,
    hasTouch: phone,
    isMobile: phone,
    locale: 'en',
  });
  const page = await context.newPage();
  await page.goto(url);
  await page.setInputFiles('input[type=file]', path('test/fixtures/astronaut.png'));
  const slider = page.getByRole('slider').first();
  await slider.waitFor({ timeout: 60_000 });
  await page.waitForTimeout(1500); // the picture comes in, the slider moves once
  await slider.fill('30'); // the face on the side of the cartoon
  await slider.blur();
  await page.screenshot({ path: path(`docs/images/${name}.jpg`), type: 'jpeg', quality: 88 });
  await context.close();
}
await browser.close();
await service.stop();
await service.dispose();
