/** `/device/*`: what a browser needs to draw photos by itself. The same for everybody, and no secret. */
import type { Hono } from 'hono';
import { parseAccept } from 'hono/utils/accept';
import type { DeviceFiles } from '../device/files.ts';
import { HttpProblem } from '../middleware/problems.ts';
import { WORKER_CSP } from '../middleware/security.ts';
import { YEAR_SECONDS } from '../page/assets.ts';
import type { WebEnv } from '../types.ts';

export function deviceRoutes(app: Hono<WebEnv>, { pack, files }: DeviceFiles): void {
  app.get('/device/pack.json', (context) => context.json(pack, 200, { 'Cache-Control': 'no-cache' }));

  app.get('/device/files/:version/:name', async (context) => {
    const file = files.get(context.req.param('name'));
    // Of another version there is nothing that the pack of who asks could mean.
    if (!file || context.req.param('version') !== file.version) throw new HttpProblem('not_found');
    const accepted = parseAccept(context.req.header('accept-encoding') ?? '');
    const isSmall = accepted.some(({ type, q }) => type === 'br' && q > 0);
    return context.body(isSmall ? await file.br() : await file.plain(), 200, {
      'Content-Type': file.type,
      ...(isSmall && { 'Content-Encoding': 'br' }),
      ...(file.type.startsWith('text/javascript') && { 'Content-Security-Policy': WORKER_CSP }),
      Vary: 'Accept-Encoding',
      'Cache-Control': `public, max-age=${YEAR_SECONDS}, immutable`,
    });
  });
}
