/** The data of the page for its script: settings and sentences. */
import { ERROR_CODES } from '../../shared/errors.ts';
import type { PageOptions } from './types.ts';

/** Statuses that say that the photo itself is the trouble. */
const ABOUT_THE_PHOTO: ReadonlySet<number> = new Set([400, 413, 415, 422]);
const HOPELESS = Object.entries(ERROR_CODES).flatMap(([code, { status }]) =>
  ABOUT_THE_PHOTO.has(status) ? [code] : [],
);

/** What the script needs to know; sentences only, so that it has no language of its own. */
export function pageData({ texts, defaultStyle, photoBytes, locked }: PageOptions): object {
  const { web } = texts;
  const placeholder = Number.NaN;
  return {
    locale: texts.locale,
    defaultStyle,
    photoBytes,
    locked,
    hopeless: HOPELESS,
    texts: {
      uploading: web.uploading,
      working: web.working,
      downloading: web.downloading,
      busy: web.busy,
      needKey: web.needKey,
      wrongKey: web.wrongKey,
      heic: web.heic,
      waitingHere: web.waitingHere,
      ready: web.ready,
      failed: web.failed,
      stopped: web.stopped,
      deleted: web.deleted,
      copied: web.copied,
      copyFailed: web.copyFailed,
      full: web.looking.full,
      leaveFull: web.looking.leaveFull,
      sampleFailed: web.samples.failed,
      noFace: texts.result.noFace,
      offline: web.offline,
      error: web.error,
      // The script puts the number in.
      split: web.split({ percent: placeholder }).replace('NaN', '{percent}'),
      alt: texts.result.alt({ style: '{style}' }),
      tooLarge: texts.error('too_large', { megabytes: Math.round(photoBytes / 1024 / 1024) }),
      notAPicture: texts.error('unsupported_format'),
    },
  };
}

/** JSON that cannot end the script element it stands in. */
export function scriptJson(data: object): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}
