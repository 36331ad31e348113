/** What the head of the page says to browsers, home screens and chats that show a link. */
import { html } from 'hono/html';
import { LOCALES } from '../../texts/index.ts';
import { PAPER } from './theme.ts';
import type { PageOptions } from './types.ts';

/** Underscored, as the Open Graph protocol writes them. */
const ogLocale: Readonly<Record<string, string>> = {
  en: 'en_US',
  zh: 'zh_CN',
  es: 'es_ES',
  'pt-BR': 'pt_BR',
  ru: 'ru_RU',
  de: 'de_DE',
  uk: 'uk_UA',
};

export function headOf({ texts, assetUrl, publicUrl = '' }: PageOptions) {
  const { web, locale } = texts;
  return html`<meta name="theme-color" content="${PAPER.light}" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="${PAPER.dark}" media="(prefers-color-scheme: dark)">
<meta name="description" content="${web.lead}">
<title>${web.title}</title>
<meta property="og:type" content="website">
<meta property="og:site_name" content="dctoon">
<meta property="og:title" content="${web.tagline}">
<meta property="og:description" content="${web.lead}">
<meta property="og:locale" content="${ogLocale[locale] ?? locale}">
${LOCALES.filter((other) => other !== locale).map(
  (other) => html`<meta property="og:locale:alternate" content="${ogLocale[other] ?? other}">`,
)}
<meta property="og:url" content="${publicUrl}/">
<meta property="og:image" content="${publicUrl}${assetUrl('social.jpg')}">
<meta property="og:image:width" content="1200">
<meta property="og:image:height" content="630">
<meta property="og:image:alt" content="${texts.result.alt({ style: web.chooseStyle })}">
<meta name="twitter:card" content="summary_large_image">
<link rel="icon" href="/favicon.ico" sizes="32x32">
<link rel="icon" href="${assetUrl('icon.svg')}" type="image/svg+xml">
<link rel="apple-touch-icon" href="${assetUrl('icon-touch-180.png')}">
<link rel="manifest" href="/manifest.webmanifest?lang=${locale}">`;
}
