/** The page's line drawings, and buttons with one. Drawn for this project on a grid of 24. */
import { html } from 'hono/html';

const ICONS = {
  download: 'M12 4v11m-5-4 5 5 5-5M5 20h14',
  share: 'M12 15V4m-4 3 4-4 4 4M6 11H5v9h14v-9h-1',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  box: 'M3 4h18v5H3zM5 9v11h14V9M10 13h4',
  plus: 'M12 5v14M5 12h14',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
} as const;

/** A button for something not every browser or moment offers; the script shows it. */
export function actionButton(name: 'copy' | 'share' | 'download-all', label: string) {
  const drawing = icon(name === 'download-all' ? 'box' : name);
  return html`<button type="button" class="button second" data-do="${name}" hidden>${drawing}<span>${label}</span></button>`;
}

export function icon(name: keyof typeof ICONS) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
}
