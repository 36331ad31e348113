/** `GET /` in seven languages, its manifest, and the files it is made of. */
import type { Hono } from 'hono';
import { setCookie } from 'hono/cookie';
import { publicUrl } from '../../config/public-url.ts';
import type { Style } from '../../inference/types.ts';
import { LOCALES, type Locale, type Texts } from '../../texts/index.ts';
import type { DeviceFiles } from '../device/files.ts';
import { HttpProblem } from '../middleware/problems.ts';
import { PAGE_CSP, WORKER_CSP } from '../middleware/security.ts';
import { type Assets, type EncodedAsset, encode, sendEncoded, YEAR_SECONDS } from '../page/assets.ts';
import { renderPage } from '../page/document.ts';
import { webManifest } from '../page/manifest.ts';
import type { BotLink } from '../page/types.ts';
import type { WebContext, WebEnv, WebOptions } from '../types.ts';

const DAY_SECONDS = 24 * 60 * 60;

export interface PageRoutesOptions {
  readonly config: WebOptions['config'];
  readonly styles: readonly Style[];
  readonly thumbnailUrl: (style: string) => string | undefined;
  readonly texts: (locale: Locale) => Texts;
  readonly assets: Assets;
  readonly photoBytes: number;
  readonly botLinks: () => readonly BotLink[];
  readonly device?: DeviceFiles | undefined;
}

export async function pageRoutes(app: Hono<WebEnv>, options: PageRoutesOptions): Promise<void> {
  const { config, styles, thumbnailUrl, texts, assets, photoBytes, botLinks, device } = options;
  const languages = Object.fromEntries(LOCALES.map((locale) => [locale, texts(locale).language]));
  /** A page for each language. */
  async function render(bots: readonly BotLink[]): Promise<ReadonlyMap<Locale, EncodedAsset>> {
    const rendered = LOCALES.map(async (locale) => {
      const page = renderPage({
        texts: texts(locale),
        languages,
        styles,
        thumbnailUrl,
        defaultStyle: config.DEFAULT_STYLE,
        keepMinutes: config.KEEP_MINUTES,
        photoBytes,
        locked: config.WEB_API_KEY !== undefined,
        bots,
        assetUrl: assets.url,
        publicUrl: publicUrl(config),
        drawsHere: device !== undefined,
      });
      return [locale, await encode(page, 'text/html; charset=utf-8')] as const;
    });
    return new Map(await Promise.all(rendered));
  }

  // Nothing on the page depends on the visitor but the language, so it is rendered once, and again when a bot is on.
  let shownBots = botLinks();
  let pages = render(shownBots);
  await pages;
  const currentPages = () => {
    const bots = botLinks();
    if (JSON.stringify(bots) === JSON.stringify(shownBots)) return pages;
    shownBots = bots;
    pages = render(bots);
    return pages;
  };
  const manifests = new Map<Locale, EncodedAsset>();
  for (const locale of LOCALES) {
    const manifest = JSON.stringify(webManifest(texts(locale), assets.url));
    manifests.set(locale, await encode(manifest, 'application/manifest+json'));
  }

  app.get('/', async (context) => {
    const { locale } = context.get('texts');
    // The language switch is a form with `?lang=`; the choice is remembered, and nothing else ever is.
    const chosen = context.req.query('lang');
    if (LOCALES.some((known) => known === chosen)) {
      setCookie(context, 'lang', locale, {
        path: '/',
        maxAge: YEAR_SECONDS,
        sameSite: 'Lax',
        httpOnly: true,
      });
    }
    return sendInLanguage(context, await currentPages(), { 'Content-Security-Policy': PAGE_CSP });
  });

  app.get('/manifest.webmanifest', (context) => sendInLanguage(context, manifests));

  // Browsers ask for it there, whatever the page says.
  app.get('/favicon.ico', (context) => {
    const icon = assets.files.get('favicon.ico');
    if (!icon) throw new HttpProblem('not_found');
    return sendEncoded(context, icon, { 'Cache-Control': `public, max-age=${DAY_SECONDS}` });
  });

  // At the root, since a service worker has power over what lies below it only.
  app.get('/service-worker.js', (context) => {
    const script = assets.files.get('service-worker.js');
    if (!script) throw new HttpProblem('not_found');
    return sendEncoded(context, script, {
      'Cache-Control': 'no-cache',
      'Content-Security-Policy': WORKER_CSP,
    });
  });

  app.get('/assets/:version/:name', (context) => {
    const file = assets.files.get(context.req.param('name'));
    if (!file) throw new HttpProblem('not_found');
    const current = context.req.param('version') === assets.version;
    return sendEncoded(context, file, {
      'Cache-Control': current ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
    });
  });
}

function sendInLanguage(
  context: WebContext,
  files: ReadonlyMap<Locale, EncodedAsset>,
  headers: Record<string, string> = {},
): Response {
  const { locale } = context.get('texts');
  const file = files.get(locale);
  if (!file) throw new HttpProblem('not_found');
  return sendEncoded(context, file, {
    ...headers,
    'Content-Language': locale,
    'Cache-Control': 'no-cache',
    Vary: 'Accept-Language, Cookie',
  });
}
