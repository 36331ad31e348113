/** The one HTML page, in one language. It works without its script too: then it is a form that downloads the cartoon. */

import { html, raw } from 'hono/html';
import { STRENGTH } from '../../inference/drawing/strength.ts';
import type { Style } from '../../inference/types.ts';
import { LOCALES } from '../../texts/index.ts';
import { ALONE_CSP } from '../middleware/security.ts';
import { headOf } from './head.ts';
import { actionButton, icon, toolButton } from './icons.ts';
import { pageData, scriptJson } from './page-data.ts';
import { PORTRAIT } from './portrait.ts';
import { sampleButtons } from './samples.ts';
import type { PageOptions } from './types.ts';

/** Modules of the script in the order they are needed; preloaded, so that imports do not cost one round trip each. */
const MODULES = [
  'page.js',
  'photos.js',
  'drawing.js',
  'device.js',
  'api.js',
  'line.js',
  'viewer.js',
  'compare.js',
  'zoom.js',
  'full-screen.js',
  'strength.js',
  'style-picker.js',
  'file-input.js',
  'samples.js',
  'results.js',
  'small-copy.js',
  'canvas.js',
  'keeper.js',
  'idb-keyval.js',
  'dom.js',
];

const BOT_NAMES = { telegram: 'Telegram', discord: 'Discord' } as const;

export function renderPage(options: PageOptions): string {
  const { texts, styles, defaultStyle, assetUrl } = options;
  const { web, locale } = texts;
  const alone = options.drawsHere === 'alone';
  const megabytes = Math.round(options.photoBytes / 1024 / 1024);
  // The name of the product is Latin everywhere.
  const fonts = [
    'unbounded-latin.woff2',
    ...(locale === 'ru' || locale === 'uk' ? ['unbounded-cyrillic.woff2'] : []),
  ];
  const page = html`<!doctype html>
<html lang="${locale === 'zh' ? 'zh-Hans' : locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
${alone ? html`<meta http-equiv="Content-Security-Policy" content="${ALONE_CSP}">` : ''}
${headOf(options)}
<link rel="stylesheet" href="${assetUrl('page.css')}">
${fonts.map((name) => html`<link rel="preload" href="${assetUrl(name)}" as="font" type="font/woff2" crossorigin>`)}
${MODULES.map((name) => html`<link rel="modulepreload" href="${assetUrl(name)}">`)}
<script type="module" src="${assetUrl('page.js')}"></script>
</head>
<body>
<header class="top">
  <a class="brand" href="/"><img src="${assetUrl('icon.svg')}" alt="" width="36" height="36"><span>dctoon</span></a>
  ${botLinks(options)}
  ${
    alone
      ? html``
      : html`<form class="language" method="get" action="/">
    <label class="hidden" for="lang">${web.language}</label>
    <select id="lang" name="lang">${LOCALES.map(
      (code) =>
        html`<option value="${code}"${raw(code === locale ? ' selected' : '')}>${options.languages[code] ?? code}</option>`,
    )}</select>
    <noscript><button class="quiet">OK</button></noscript>
  </form>`
  }
</header>
<main>
<form class="photo-form" method="post" action="/upload" enctype="multipart/form-data">
  <div class="intro">
    <h1>${web.tagline}</h1>
    <p>${web.lead}</p>
  </div>
  <section class="viewer" id="viewer" data-state="empty" aria-label="${web.photos}">
    <div class="canvas">
      <div class="view" hidden>
        <div class="frame">
          <div class="layer"><img class="before" alt=""></div>
          <div class="dots"></div>
          <div class="layer layer-after"><img class="after" alt=""><canvas class="mixed" aria-hidden="true" hidden></canvas></div>
          <span class="tag tag-before">${web.before}</span><span class="tag tag-after">${web.after}</span>
          <div class="handle" aria-hidden="true"><svg viewBox="0 0 24 24"><path d="M9 7l-5 5 5 5M15 7l5 5-5 5"/></svg></div>
          <input class="split" type="range" min="0" max="100" value="0" aria-label="${web.compare}">
          <div class="surface"></div>
          <div class="over">
            <p class="note" hidden></p>
            <div class="tools" role="group" aria-label="${web.looking.label}">${toolButton('hold', 'eye', web.looking.hold)}${toolButton('side', 'side', web.looking.side, true)}${toolButton('zoom-out', 'wider', web.looking.zoomOut)}${toolButton('zoom-in', 'closer', web.looking.zoomIn)}${toolButton('full', 'full', web.looking.full, true)}</div>
          </div>
        </div>
      </div>
      <p class="sorry"></p>
    </div>
    <ul class="strip" aria-label="${web.photos}" hidden></ul>
    <div class="bar">
      <div class="work" inert>
        <div class="work-text"><p class="message" id="message"></p><div class="meter" role="progressbar" aria-labelledby="message" aria-valuemin="0" aria-valuemax="100"><div></div></div></div>
        <button type="button" class="button second" data-do="cancel">${web.cancel}</button>
      </div>
      <div class="done" inert>
        <button type="button" class="button" data-do="download">${icon('download')}<span>${web.download}</span></button>
        ${actionButton('copy', web.copy)}${actionButton('share', web.share)}${actionButton('download-all', web.downloadAll)}
        <button type="button" class="button plain" data-do="another">${icon('plus')}<span>${web.another}</span></button>
      </div>
      <div class="failed" inert>
        <button type="button" class="button second" data-do="again">${web.again}</button>
        ${options.drawsHere === true ? html`<button type="button" class="button second" data-do="here" hidden>${web.drawHere}</button>` : ''}
        <button type="button" class="button plain" data-do="another">${icon('plus')}<span>${web.another}</span></button>
      </div>
    </div>
    <div class="empty">
      ${raw(PORTRAIT)}
      <p class="hint">${web.drop}</p>
      <div class="row">
        <input id="file" class="hidden" type="file" name="file" accept="image/*,.heic,.heif" required aria-describedby="formats">
        <label class="button" for="file">${web.chooseFile}</label>
        <input id="camera" class="hidden" type="file" accept="image/*" capture="user" tabindex="-1" aria-label="${web.camera}">
        <label class="button second camera" for="camera">${web.camera}</label>
      </div>
      <p class="formats" id="formats">${web.formats({ megabytes })}</p>
      ${sampleButtons(options)}
      <noscript><button class="button second" type="submit">${web.submit}</button><p class="formats">${web.noScript}</p></noscript>
    </div>
    <div class="release" aria-hidden="true"><p>${web.dropNow}</p></div>
    <p class="hidden" id="live" role="status"></p>
  </section>
  <fieldset class="styles">
    <legend>${web.chooseStyle}</legend>
    <div class="style-list">${styles.map(
      (style) =>
        html`<label class="style-option" title="${texts.styleDescription(style)}"><input type="radio" name="style" value="${style.id}"${raw(
          style.id === defaultStyle ? ' checked' : '',
        )}><span class="swatch" aria-hidden="true">${swatch(options, style)}</span><span class="style-name">${texts.styleTitle(style)}</span></label>`,
    )}</div>
    <button type="button" class="for-all" data-do="style-all" hidden>${icon('all')}<span>${web.styleForAll}</span></button>
    <div class="strength"><label for="strength">${web.strength}</label><input id="strength" type="range" min="${STRENGTH.least}" max="${STRENGTH.most}" step="5" value="${STRENGTH.usual}"><output id="strength-value" for="strength" aria-hidden="true">${new Intl.NumberFormat(locale, { style: 'percent' }).format(STRENGTH.usual / 100)}</output></div>
    ${options.drawsHere === true ? html`<p class="here" hidden><label><input id="here" type="checkbox">${web.drawHere}</label></p>` : ''}
  </fieldset>
  <p class="privacy">${icon('lock')}<span class="privacy-text"><span id="privacy">${alone ? web.privacyHere : web.privacy({ keepMinutes: options.keepMinutes })}</span> ${web.kept}</span><span class="deletes"><button type="button" data-do="delete" inert>${web.delete}</button><button type="button" data-do="delete-all" hidden>${web.deleteAll}</button></span></p>
</form>
<p class="notice" id="notice" hidden></p>
</main>
<dialog id="key" aria-labelledby="key-title">
  <form method="dialog">
    <p id="key-title">${web.needKey}</p>
    <label for="key-field">${web.key}</label>
    <input id="key-field" type="password" autocomplete="off" required aria-describedby="key-wrong">
    <p id="key-wrong" role="alert"></p>
    <div class="row"><button type="button" class="button second">${web.cancel}</button><button class="button" value="given">${web.useKey}</button></div>
  </form>
</dialog>
<script type="application/json" id="page-data">${raw(scriptJson(pageData(options)))}</script>
</body>
</html>
`;
  return String(page);
}

/** Where else the service is: its bots that are on. */
function botLinks({ texts, bots }: PageOptions) {
  if (bots.length === 0) return '';
  return html`<nav class="bots" aria-label="${texts.web.bots}">${bots.map(
    ({ platform, url }) =>
      html`<a href="${url}" target="_blank" rel="noopener">${icon(platform === 'telegram' ? 'plane' : 'bubble')}<span>${BOT_NAMES[platform]}</span></a>`,
  )}</nav>`;
}

/** A style's picture; without one, its initial. */
function swatch({ texts, thumbnailUrl }: PageOptions, style: Style) {
  const url = thumbnailUrl(style.id);
  return url ? html`<img src="${url}" alt="">` : [...texts.styleTitle(style)][0];
}
