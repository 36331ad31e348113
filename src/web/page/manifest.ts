/** The web app manifest: under which name and icon the page is kept on a home screen. One for each language. */
import type { Texts } from '../../texts/index.ts';
import { PAPER } from './theme.ts';

/** As the W3C recommendation names its members; other parts of the page may add to it. */
export interface WebManifest {
  readonly [member: string]: unknown;
}

export function webManifest({ web, locale }: Texts, assetUrl: (name: string) => string): WebManifest {
  const png = (name: string, size: number, purpose: 'any' | 'maskable') => ({
    src: assetUrl(name),
    type: 'image/png',
    sizes: `${size}x${size}`,
    purpose,
  });
  return {
    id: '/',
    name: web.title,
    short_name: 'dctoon',
    description: web.lead,
    lang: locale,
    dir: 'ltr',
    start_url: '/',
    scope: '/',
    display: 'standalone',
    background_color: PAPER.light,
    theme_color: PAPER.light,
    categories: ['photo', 'entertainment'],
    icons: [
      { src: assetUrl('icon.svg'), type: 'image/svg+xml', sizes: 'any', purpose: 'any' },
      png('icon-192.png', 192, 'any'),
      png('icon-512.png', 512, 'any'),
      png('icon-maskable-512.png', 512, 'maskable'),
    ],
  };
}
