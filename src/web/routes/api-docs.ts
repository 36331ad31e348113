/** `GET /docs`: the OpenAPI document as a page for people. */
import type { Hono } from 'hono';
import { PAGE_CSP } from '../middleware/security.ts';
import type { openApi } from '../openapi.ts';
import { renderApiDocs } from '../page/api-docs.ts';
import { type Assets, encode, sendEncoded } from '../page/assets.ts';
import type { WebEnv } from '../types.ts';

export async function apiDocsRoute(
  app: Hono<WebEnv>,
  document: ReturnType<typeof openApi>,
  assets: Assets,
): Promise<void> {
  const page = await encode(renderApiDocs(document, assets.url), 'text/html; charset=utf-8');
  app.get('/docs', (context) =>
    sendEncoded(context, page, {
      'Content-Security-Policy': PAGE_CSP,
      'Content-Language': 'en',
      'Cache-Control': 'no-cache',
    }),
  );
}
