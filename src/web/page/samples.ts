/** The buttons with photos to try; their pictures are a few kB, the photos come when one is chosen. */
import { html } from 'hono/html';
import type { PageOptions } from './types.ts';

const SAMPLES = ['astronaut', 'pearl', 'mona'] as const;

export function sampleButtons({ texts, assetUrl }: PageOptions) {
  const { samples } = texts.web;
  return html`<div class="samples"><p>${samples.lead}</p><div>${SAMPLES.map(
    (name) =>
      html`<button type="button" value="${name}" data-photo="${assetUrl(`sample-${name}.jpg`)}" title="${samples[name]}"><img src="${assetUrl(`sample-${name}-small.jpg`)}" alt="${samples[name]}" width="56" height="56" loading="lazy" decoding="async"></button>`,
  )}</div></div>`;
}
