/** `GET /` in seven languages, and the files it is made of. */
import type { Hono } from 'hono';
import { setCookie } from 'hono/cookie';
import type { Style } from '../../inference/types.ts';
import { LOCALES, type Locale, type Texts } from '../../texts/index.ts';
import { HttpProblem } from '../middleware/problems.ts';
import { PAGE_CSP } from '../middleware/security.ts';
import { type Assets, type EncodedAsset, encode, sendEncoded, YEAR_SECONDS } from '../page/assets.ts';
import { renderPage } from '../page/document.ts';
import type { WebEnv, WebOptions } from '../types.ts';

export interface PageRoutesOptions {
  readonly config: WebOptions['config'];
  readonly styles: readonly Style[];
  readonly thumbnailUrl: (style: string) => string | undefined;
  readonly texts: (locale: Locale) => Texts;
  readonly assets: Assets;
  readonly photoBytes: number;
}

export async function pageRoutes(app: Hono<WebEnv>, options: PageRoutesOptions): Promise<void> {
  const { config, styles, thumbnailUrl, texts, assets, photoBytes } = options;
  const languages = Object.fromEntries(LOCALES.map((locale) => [locale, texts(locale).language]));
  // Nothing on the page depends on the visitor but the language, so there are seven pages, rendered once.
  const pages = new Map<Locale, EncodedAsset>();
  for (const locale of LOCALES) {
    const page = renderPage({
      texts: texts(locale),
      languages,
      styles,
      thumbnailUrl,
      defaultStyle: config.DEFAULT_STYLE,
      keepMinutes: config.KEEP_MINUTES,
      photoBytes,
      locked: config.WEB_API_KEY !== undefined,
      assetUrl: assets.url,
    });
    pages.set(locale, await encode(page, 'text/html; charset=utf-8'));
  }

  app.get('/', (context) => {
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
    const page = pages.get(locale);
    if (!page) throw new HttpProblem('not_found');
    return sendEncoded(context, page, {
      'Content-Security-Policy': PAGE_CSP,
      'Content-Language': locale,
      'Cache-Control': 'no-cache',
      Vary: 'Accept-Language, Cookie',
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
