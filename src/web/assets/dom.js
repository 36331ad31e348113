// @ts-check
/** Small things every module needs: the page's data, its elements, and its voice for screen readers. */

/**
 * @typedef {object} PageData
 * @property {string} locale
 * @property {string} defaultStyle
 * @property {number} photoBytes Largest photo the server takes.
 * @property {boolean} locked The server asks for a key.
 * @property {string[]} hopeless Codes of refusals that the same photo would meet again.
 * @property {Record<string, string>} texts
 * @property {DeviceData} [device] Absent where the page does not offer to draw on the device.
 */

/**
 * @typedef {object} DeviceData
 * @property {boolean} alone There is no server that could draw.
 * @property {string} pack Where it is listed what is needed for drawing.
 * @property {string} preparing
 * @property {Record<string, string>} stages
 * @property {Record<string, string>} errors By code.
 * @property {string} noFace
 * @property {string[]} faces The sentences for one face, two, and so on.
 * @property {string} smaller With `{width}` and `{height}`.
 * @property {{here: string, there: string}} privacy
 * @property {string} deleted
 */

/**
 * The element a selector finds; the page and this script are one, so it is there.
 * @param {string} selector
 * @param {ParentNode} root
 */
export function find(selector, root = document) {
  const element = root.querySelector(selector);
  if (!element) throw new Error(`no ${selector} on the page`);
  return /** @type {HTMLElement} */ (element);
}

/** @type {PageData} */
export const page = JSON.parse(find('#page-data').textContent ?? '');

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Partial<HTMLElementTagNameMap[K]>} properties
 * @param {Node[]} children
 */
export function make(name, properties = {}, children = []) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

/**
 * Says something to screen readers. The same sentence twice is said twice.
 * @param {string} text
 */
export function announce(text) {
  const live = find('#live');
  live.textContent = '';
  requestAnimationFrame(() => {
    live.textContent = text;
  });
}

/** `crypto.randomUUID` exists only on https and localhost; a service in a home network has neither. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
