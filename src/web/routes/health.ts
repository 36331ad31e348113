/** For whoever watches the service: `/healthz` says the process answers, `/readyz` whether it can do its work, and if not why. */
import type { Hono } from 'hono';
import type { WebEnv } from '../types.ts';

export function healthRoutes(app: Hono<WebEnv>, notReady: () => Promise<readonly string[]>): void {
  const headers = { 'Cache-Control': 'no-store' };
  app.get('/healthz', (context) => context.json({ status: 'ok' }, 200, headers));
  app.get('/readyz', async (context) => {
    const reasons = await notReady();
    return context.json({ ready: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503, headers);
  });
}
