import type { Metrics } from '../observability/metrics.ts';
import { bearerToken, sameSecret } from '../shared/secrets.ts';
import type { ExtraRoute } from '../web/index.ts';

/** `GET /metrics`. With a token only for who sends it: `Authorization: Bearer TOKEN`. */
export function metricsRoute({ registry }: Metrics, token: string | undefined): ExtraRoute {
  return {
    method: 'GET',
    path: '/metrics',
    handle: async (request) => {
      if (token !== undefined && !sameSecret(bearerToken(request.headers) ?? '', token)) {
        return new Response('The metrics need METRICS_TOKEN: Authorization: Bearer ...\n', {
          status: 401,
          headers: { 'WWW-Authenticate': 'Bearer realm="dctoon metrics"' },
        });
      }
      return new Response(await registry.metrics(), {
        headers: { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' },
      });
    },
  };
}
