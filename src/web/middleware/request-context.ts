/** Who asks, in which language, and a line in the log for every request. */
import type { IncomingMessage } from 'node:http';
import type { WebContext, WebOptions } from '../types.ts';
import { negotiateLocale } from './client.ts';

/** Gives every request its user, texts and log lines. */
export function requestContext(
  { config, logger, texts }: WebOptions,
  visitorOf: (incoming: IncomingMessage) => string,
) {
  let warned = false;
  return async (context: WebContext, next: () => Promise<void>) => {
    const started = performance.now();
    const forwarded = context.req.header('x-forwarded-for');
    // In-process requests (`app.request` in tests) have no connection.
    const incoming = context.env?.incoming;
    const user = incoming ? visitorOf(incoming) : 'web-unknown';
    const log = logger.child({ part: 'web', request: crypto.randomUUID(), user });
    context.set('user', user);
    context.set('log', log);
    context.set('texts', texts(negotiateLocale(context)));
    if (forwarded !== undefined && config.TRUST_PROXY === 0 && !warned) {
      warned = true;
      log.warn('requests come through a proxy; set TRUST_PROXY, or all its users share one limit');
    }
    await next();
    const line = {
      method: context.req.method,
      // The pattern, not the path: ids of jobs are secrets of their users.
      route: context.req.routePath,
      status: context.res.status,
      ms: Math.round(performance.now() - started),
    };
    // Not the first `log`: the route may have added the job that the request became.
    const level = context.req.method === 'POST' ? 'info' : 'debug';
    context.get('log')[level](line, 'request');
  };
}
