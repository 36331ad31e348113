/** `GET /api/styles/{id}/thumbnail`: what a style looks like. The same for everybody, and no secret. */
import type { Hono } from 'hono';
import type { Thumbnails } from '../../inference/models/thumbnails.ts';
import { HttpProblem } from '../middleware/problems.ts';
import { sendEncoded, YEAR_SECONDS } from '../page/assets.ts';
import type { WebEnv } from '../types.ts';

/** Digits of the hash in an address; it only has to change with the picture. */
const VERSION_DIGITS = 12;

/** Where the picture of a style is, under an address that changes with it; undefined where there is none. */
export function thumbnailUrl(thumbnails: Thumbnails, style: string): string | undefined {
  const thumbnail = thumbnails.get(style);
  return thumbnail && `/api/styles/${style}/thumbnail?v=${thumbnail.sha256.slice(0, VERSION_DIGITS)}`;
}

export function thumbnailRoute(app: Hono<WebEnv>, thumbnails: Thumbnails): void {
  app.get('/api/styles/:id/thumbnail', (context) => {
    const thumbnail = thumbnails.get(context.req.param('id'));
    if (!thumbnail) throw new HttpProblem('not_found');
    const { bytes, type, sha256 } = thumbnail;
    const isCurrent = context.req.query('v') === sha256.slice(0, VERSION_DIGITS);
    return sendEncoded(
      context,
      { type, etag: `"${sha256.slice(0, 32)}"`, plain: bytes },
      { 'Cache-Control': isCurrent ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache' },
    );
  });
}
