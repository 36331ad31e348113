/** The page's line drawings, and buttons with one. Drawn for this project on a grid of 24. */
import { html, raw } from 'hono/html';

const ICONS = {
  download: 'M12 4v11m-5-4 5 5 5-5M5 20h14',
  share: 'M12 15V4m-4 3 4-4 4 4M6 11H5v9h14v-9h-1',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  box: 'M3 4h18v5H3zM5 9v11h14V9M10 13h4',
  plus: 'M12 5v14M5 12h14',
  closer: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16.2 16.2 21 21M11 8v6M8 11h6',
  wider: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16.2 16.2 21 21M8 11h6',
  full: 'M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5',
  side: 'M4 5h7v14H4zM13 5h7v14h-7z',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6z',
  plane: 'M21 4 3 11l6 2.4L19 6l-7.5 9L18 19zM9 13.4V20l2.6-3.4',
  bubble: 'M4 5h16v11h-8l-5 4v-4H4zM9 9.5v2M15 9.5v2',
  all: 'M8 4h12v12M4 8h12v12H4z',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
} as const;

/** A button for something not every browser or moment offers; the script shows it. */
export function actionButton(name: 'copy' | 'share' | 'download-all', label: string) {
  const drawing = icon(name === 'download-all' ? 'box' : name);
  return html`<button type="button" class="button second" data-do="${name}" title="${label}" hidden>${drawing}<span>${label}</span></button>`;
}

/** A small round button on the picture. */
export function toolButton(name: string, drawing: keyof typeof ICONS, label: string, isToggle = false) {
  return html`<button type="button" class="tool" data-do="${name}" aria-label="${label}" title="${label}"${raw(isToggle ? ' aria-pressed="false"' : '')}>${icon(drawing)}</button>`;
}

export function icon(name: keyof typeof ICONS) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
}
