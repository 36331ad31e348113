/** `GET /docs`: everything of the OpenAPI document, in a browser, without a script and without other hosts. */
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { launchChromium } from '../support/browser.ts';
import { type Service, startService } from './harness.ts';
import { Visitor } from './visitor.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

let browser: Browser;
let service: Service;
beforeAll(async () => {
  browser = await launchChromium();
  service = await startService({ limits: { requestsPerMinute: 0 } });
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser.close();
  await service.stop();
});

it('shows every operation, field and answer', async () => {
  const { page } = await Visitor.open(browser, service, { javaScriptEnabled: false }, '/docs');
  const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { summary?: string }>>;
  };
  const text = (await page.locator('main').textContent()) ?? '';
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { summary }]) => (summary ? [{ path, method, summary }] : [])),
  );
  expect(operations.length).toBeGreaterThan(8);
  for (const { path, method, summary } of operations) {
    expect(text).toContain(`${method.toUpperCase()} ${path}`);
    expect(text).toContain(summary);
  }
  for (const word of ['strength', 'Idempotency-Key', 'application/problem+json', 'etaSeconds'])
    expect(text).toContain(word);
  // Every entry of the list leads somewhere.
  const targets = await page
    .locator('nav a')
    .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
  expect(targets).toHaveLength(operations.length);
  for (const target of targets) expect(await page.locator(`[id="${target.slice(1)}"]`).count()).toBe(1);
});

it.each(['light', 'dark'] as const)('fits a phone and hinders nobody, %s', async (colorScheme) => {
  const viewport = { width: 320, height: 700 };
  const visitor = await Visitor.open(browser, service, { viewport, colorScheme, bypassCSP: true }, '/docs');
  const { page } = visitor;
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
  await page.addScriptTag({ path: AXE });
  const violations = await page.evaluate(`axe.run().then(({ violations }) => violations.map(
    ({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' | '),
  ))`);
  expect(violations).toEqual([]);
  expect(visitor.problems).toEqual([]);
});
