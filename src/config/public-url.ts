/** Where people reach the page. */
import type { Config } from './schema.ts';

/** As far as the configuration tells: the address of the webhook, or the first of the known hosts. */
export function publicUrl({
  TELEGRAM_WEBHOOK_URL,
  ALLOWED_HOSTS,
}: Pick<Config, 'TELEGRAM_WEBHOOK_URL' | 'ALLOWED_HOSTS'>): string | undefined {
  if (TELEGRAM_WEBHOOK_URL) return new URL(TELEGRAM_WEBHOOK_URL).origin;
  const [host] = ALLOWED_HOSTS;
  return host && `https://${host}`;
}

/** Where the page draws on the visitor's own device; undefined where the page is off, or its address unknown. */
export function onDeviceUrl(
  config: Pick<Config, 'WEB' | 'TELEGRAM_WEBHOOK_URL' | 'ALLOWED_HOSTS'>,
): string | undefined {
  const url = config.WEB === 'on' ? publicUrl(config) : undefined;
  return url && `${url}/?local`;
}
