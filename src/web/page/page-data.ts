/** The data of the page for its script: settings and sentences. */
import { ERROR_CODES, type ErrorCode } from '../../shared/errors.ts';
import type { PageOptions } from './types.ts';

/** Statuses that say that the photo itself is the trouble. */
const ABOUT_THE_PHOTO: ReadonlySet<number> = new Set([400, 413, 415, 422]);
const HOPELESS = Object.entries(ERROR_CODES).flatMap(([code, { status }]) =>
  ABOUT_THE_PHOTO.has(status) ? [code] : [],
);

/** What the script needs to know; sentences only, so that it has no language of its own. */
export function pageData(options: PageOptions): object {
  const { texts, defaultStyle, photoBytes, locked, drawsHere } = options;
  const { web } = texts;
  const placeholder = Number.NaN;
  return {
    locale: texts.locale,
    defaultStyle,
    photoBytes,
    locked,
    hopeless: HOPELESS,
    ...(drawsHere && { device: deviceTexts(options) }),
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

/** What can go wrong with a photo on the visitor's device. */
const ON_THE_DEVICE = [
  'unsupported_format',
  'heic',
  'too_large',
  'too_many_pixels',
  'broken_image',
  'unknown_style',
  'internal',
] as const satisfies readonly ErrorCode[];
/** More faces than this are not counted in words. */
const COUNTED_FACES = 30;

/** What a server would say while it draws, for when it is not asked. */
function deviceTexts({ texts, keepMinutes, drawsHere }: PageOptions): object {
  const { web, status, result } = texts;
  return {
    pack: '/device/pack.json',
    alone: drawsHere === 'alone',
    preparing: web.preparing,
    stages: status.stages,
    errors: Object.fromEntries(ON_THE_DEVICE.map((code) => [code, texts.error(code)])),
    noFace: result.noFace,
    faces: Array.from({ length: COUNTED_FACES }, (_, i) => result.faces({ count: i + 1 })),
    smaller: result
      .smaller({ width: Number.NaN, height: Number.POSITIVE_INFINITY })
      .replace('NaN', '{width}')
      .replace('Infinity', '{height}'),
    privacy: { here: web.privacyHere, there: web.privacy({ keepMinutes }) },
    deleted: web.deletedHere,
  };
}

/** JSON that cannot end the script element it stands in. */
export function scriptJson(data: object): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}
