/** A visitor of the page in Debian's Chromium, and the seven styles the models really have. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { readManifest, stylesOf } from '../../src/inference/models/manifest.ts';
import { readThumbnails } from '../../src/inference/models/thumbnails.ts';
import { launchChromium } from '../support/browser.ts';
import { MODELS_DIR } from '../support/models.ts';
import { type Service, type ServiceOptions, startService } from './harness.ts';

export const ASTRONAUT = new URL('../fixtures/astronaut.png', import.meta.url).pathname;
export const ROCKET = new URL('../fixtures/rocket.jpg', import.meta.url).pathname;
export const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

/** Polls for long: the machine is shared. */
export const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 20_000 });

/** The service with the styles and pictures of `models/`; only the drawing is fake. */
export async function realStyles(options: ServiceOptions = {}): Promise<ServiceOptions> {
  const [manifest, thumbnails] = await Promise.all([readManifest(MODELS_DIR), readThumbnails(MODELS_DIR)]);
  return {
    ...options,
    styles: stylesOf(manifest),
    limits: { requestsPerMinute: 0, ...options.limits },
    web: { thumbnails, ...options.web },
  };
}

export class Visitor {
  readonly page: Page;
  /** Errors in the page's script and requests to anybody else: a test expects none. */
  readonly problems: string[] = [];

  private constructor(page: Page) {
    this.page = page;
  }

  /** Opens the page in a browser profile of its own. */
  static async open(
    browser: Browser,
    service: Service,
    options: BrowserContextOptions = {},
    path = '/',
  ): Promise<Visitor> {
    const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const visitor = new Visitor(page);
    page.on('pageerror', (error) => visitor.problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        visitor.problems.push(message.text());
    });
    page.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(service.url))
        visitor.problems.push(`request to ${request.url()}`);
    });
    await page.goto(service.url + path, { waitUntil: 'networkidle' });
    return visitor;
  }

  async choose(...files: string[]): Promise<void> {
    await this.page.setInputFiles('#file', files);
  }

  async draw(...files: string[]): Promise<void> {
    await this.choose(...(files.length > 0 ? files : [ASTRONAUT]));
    await this.state('done');
  }

  async state(name: 'empty' | 'work' | 'done' | 'failed'): Promise<void> {
    await this.page.waitForSelector(`#viewer[data-state=${name}]`);
  }

  /** Waits until that many of several photos are done. */
  async drawn(count: number): Promise<void> {
    await eventually(() => this.page.locator('.badge[data-state=done]').count()).toBe(count);
  }

  button(name: string) {
    return this.page.getByRole('button', { name, exact: true });
  }

  text(selector: string): Promise<string | null> {
    return this.page.locator(selector).textContent();
  }

  /** How many style tiles show the visitor's own photo, drawn. */
  async previews(): Promise<number> {
    const sources = await this.page.evaluate(
      `[...document.querySelectorAll('.swatch img')].map(({ src }) => src)`,
    );
    return new Set((sources as string[]).filter((url) => url.startsWith('blob:'))).size;
  }
}

/**
 * A browser for the tests of a file; the profiles of a test are gone after it.
 * @param options.each whose the service is: started by every test and gone after it, or by the file for all its tests
 */
export function useChromium({ each = 'test' }: { readonly each?: 'test' | 'file' } = {}) {
  let browser: Browser;
  let service: Service | undefined;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  const stop = async () => {
    await service?.stop();
    service = undefined;
  };
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    if (each === 'test') await stop();
  });
  afterAll(async () => {
    await browser.close();
    await stop();
  });
  return {
    /** Starts the service with the styles of `models/`. */
    async start(options?: ServiceOptions): Promise<Service> {
      service = await startService(await realStyles(options));
      return service;
    },
    /** Opens the page of the started service. */
    async visit(options?: BrowserContextOptions, path?: string): Promise<Visitor> {
      if (!service) throw new Error('start the service first');
      return await Visitor.open(browser, service, options, path);
    },
  };
}
