// @ts-check
/**
 * Drawing on the visitor's device: a Web Worker with the networks, loaded when it is wanted first. What it needs is kept in the
 * browser's cache, so that a later visit works without the server. The photo goes to the worker and nowhere else.
 */
import { Refusal } from './api.js';
import { find, page, randomId } from './dom.js';

/** @typedef {import('./photos.js').Photos} Photos */
/** @typedef {import('./photos.js').Cartoon} Cartoon */
/** @typedef {import('../device/pack').Pack} Pack */
/** @typedef {import('../device/pack').ToWorker} ToWorker */
/** @typedef {import('../device/pack').FromWorker} FromWorker */
/** @typedef {Extract<FromWorker, {type: 'stage'}>['stage'] | 'load'} Step */
/** @typedef {{answer: (message: FromWorker) => void, fail: () => void}} Waiting */

const CHOICE = 'dctoon-here';
/** The cache that `service-worker.js` answers from. */
const CACHE = 'dctoon';
/** Refusals after which the visitor is asked whether to draw here: the server is full, or gone. */
const OFFERED = new Set(['offline', 'queue_full', 'wait_too_long', 'shutting_down', 'storage_full']);

const { device } = page;

/** Whether photos are drawn here. */
export function drawsHere() {
  if (!device || device.alone) return device !== undefined;
  try {
    return localStorage.getItem(CHOICE) === 'yes';
  } catch {
    return chosen;
  }
}

/** Where nothing can be stored. */
let chosen = false;

/** @param {boolean} here */
export function chooseHere(here) {
  chosen = here;
  try {
    localStorage.setItem(CHOICE, here ? 'yes' : 'no');
  } catch {
    // Storage that is full or switched off.
  }
  show();
  if (here) void prepare();
}

function show() {
  if (!device || device.alone) return;
  const here = drawsHere();
  /** @type {HTMLInputElement} */ (find('#here')).checked = here;
  find('#privacy').textContent = here ? device.privacy.here : device.privacy.there;
}

/** @param {Photos} photos */
export function mountDevice(photos) {
  if (!device || !('OffscreenCanvas' in window)) return;
  if (device.alone) return void prepare();
  find('.here').hidden = false;
  const box = /** @type {HTMLInputElement} */ (find('#here'));
  box.addEventListener('change', () => chooseHere(box.checked));
  const offer = find('.failed [data-do="here"]');
  const news = () => {
    const work = photos.current?.work;
    offer.hidden = drawsHere() || work?.state !== 'failed' || !OFFERED.has(work.code ?? '');
  };
  for (const kind of ['list', 'change']) photos.addEventListener(kind, news);
  if (new URLSearchParams(location.search).has('local')) chooseHere(true);
  else if (drawsHere()) chooseHere(true);
}

/** Sentence by code. @param {string} code */
function refusal(code) {
  const sentence = device?.errors[code] ?? (code === 'offline' ? page.texts.offline : page.texts.error);
  return new Refusal(sentence ?? '', code);
}

/** @type {Promise<Pack> | undefined} */
let pack;

function fetchedPack() {
  pack ??= fetch(device?.pack ?? '').then((response) => {
    if (!response.ok) throw refusal('offline');
    return response.json();
  });
  pack.catch(() => {
    pack = undefined;
  });
  return pack;
}

/** @typedef {{trustedTypes?: {createPolicy: (name: string, rules: {createScriptURL: (url: string) => string}) => {createScriptURL: (url: string) => string}}}} WithTrustedTypes */
const { trustedTypes } = /** @type {WithTrustedTypes} */ (/** @type {unknown} */ (window));
const policy = trustedTypes?.createPolicy('dctoon-device', { createScriptURL: (url) => url });

/** The page's content security policy takes addresses of scripts from a named policy only. @param {string} url */
const scriptUrl = (url) => policy?.createScriptURL(url) ?? url;

/** @type {Promise<Worker> | undefined} */
let worker;
/** Photos in the worker, by id. @type {Map<string, Waiting>} */
const waiting = new Map();

function openWorker() {
  worker ??= startWorker();
  worker.catch(() => {
    worker = undefined;
  });
  return worker;
}

async function startWorker() {
  const opened = await fetchedPack();
  const started = new Worker(scriptUrl(opened.worker.url), { type: 'module' });
  started.addEventListener('message', ({ data }) => waiting.get(data.id)?.answer(data));
  started.addEventListener('error', () => {
    // Out of memory, or a script that could not be loaded: the next photo gets a new one.
    worker = undefined;
    for (const { fail } of waiting.values()) fail();
  });
  post(started, { type: 'open', pack: opened, threads: 1 });
  return started;
}

/** @param {Worker} to @param {ToWorker} message */
function post(to, message) {
  to.postMessage(message);
}

/**
 * One photo in one style, drawn here.
 * @param {Blob} photo
 * @param {string} style
 * @param {AbortSignal} signal
 * @param {(message: string, step: Step) => void} report
 * @returns {Promise<Cartoon>}
 * @throws {Refusal}
 */
export async function drawHere(photo, style, signal, report) {
  if (!device) throw refusal('internal');
  report(waiting.size === 0 ? device.preparing : (page.texts.waitingHere ?? ''), 'load');
  const opened = await openWorker().catch(() => {
    throw refusal('offline');
  });
  signal.throwIfAborted();
  const id = randomId();
  const cancel = () => post(opened, { type: 'cancel', id });
  try {
    /** @type {Promise<Extract<FromWorker, {type: 'done'}>>} */
    const drawing = new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      waiting.set(id, {
        fail: () => reject(refusal('internal')),
        answer: (message) => {
          if (message.type === 'stage') report(device.stages[message.stage] ?? '', message.stage);
          else if (message.type === 'done') resolve(message);
          else {
            if (message.code === 'internal') console.error(message.message);
            reject(refusal(message.code));
          }
        },
      });
    });
    signal.addEventListener('abort', cancel);
    post(opened, { type: 'draw', id, photo, style });
    const { picture, faces, notes, width, height } = await drawing;
    void keep(style);
    const smaller = device.smaller.replace('{width}', String(width)).replace('{height}', String(height));
    const sentences = notes.includes('smaller') ? [smaller] : [];
    const found = faces === 0 ? device.noFace : (device.faces[faces - 1] ?? page.texts.ready ?? '');
    return {
      blob: picture,
      url: URL.createObjectURL(picture),
      job: '',
      faces,
      notes: sentences,
      message: [found, ...sentences].join(' '),
    };
  } finally {
    signal.removeEventListener('abort', cancel);
    waiting.delete(id);
  }
}

/** Begins to load while the visitor still looks for a photo. */
async function prepare() {
  try {
    await navigator.serviceWorker?.register(scriptUrl('/service-worker.js'));
    await fetchedPack();
    await keep();
  } catch {
    // Not on https, or the server is gone: what is there already will do, or the photo will say so.
  }
}

/**
 * Keeps what a later visit needs when the server is gone: the page, and what draws; of styles those that were used.
 * What an earlier version of the page has left is taken out.
 * @param {string} [style] that was drawn just now
 */
async function keep(style) {
  if (!('caches' in window)) return;
  const { worker: script, runtime, faceDetector, faceMesh, blendMask, styles } = await fetchedPack();
  const cache = await caches.open(CACHE);
  const there = new Set((await cache.keys()).map(({ url }) => new URL(url).pathname));
  const files = [script, runtime, faceDetector, faceMesh, blendMask];
  for (const { id, head, scene } of styles) {
    if (id === style || there.has(head.url)) files.push(head, ...(scene ? [scene] : []));
  }
  const ofPage = performance
    .getEntriesByType('resource')
    .map(({ name }) => new URL(name))
    .filter(
      ({ origin, pathname }) => origin === location.origin && /^\/(assets|api\/styles)\//.test(pathname),
    )
    .map(({ pathname, search }) => pathname + search);
  const wanted = new Set([...files.map(({ url }) => url), ...ofPage]);
  for (const url of wanted) if (!(await cache.match(url))) await cache.add(url);
  for (const url of ['/', device?.pack ?? '']) await cache.add(url);
  const networks = new Set([script, runtime, faceDetector, faceMesh, blendMask].map(({ url }) => url));
  for (const { head, scene } of styles) for (const file of [head, scene]) if (file) networks.add(file.url);
  const version = ofPage.find((url) => url.startsWith('/assets/'))?.split('/')[2];
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    const isOld =
      (pathname.startsWith('/device/files/') && !networks.has(pathname)) ||
      (pathname.startsWith('/assets/') && pathname.split('/')[2] !== version);
    if (isOld) await cache.delete(request);
  }
}
