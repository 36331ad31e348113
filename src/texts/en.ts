/**
 * English, and the shape of every other language: a key that is missing there is a type error.
 *
 * Plain text without markup (it goes to Telegram, Discord and the page alike). A message with numbers or names in it
 * is a function of one object. Counted nouns go through `plural`, waits through `duration`.
 * Limits (checked in test/texts): Telegram description 512, short description 120, callback answers 200, command
 * descriptions 256; Discord names 32, descriptions 100, button labels 80.
 */

import type { Shape, Stage } from '../inference/types.ts';
import type { ErrorCode } from '../shared/errors.ts';
import { counted, createFormat } from './format.ts';
import type { ErrorNumbers } from './types.ts';

const { plural, duration, list } = createFormat('en');
const photos = (count: number) => plural(count, { one: '# photo', other: '# photos' });
const minutes = (count: number) => plural(count, { one: '# minute', other: '# minutes' });
const again = (seconds?: number) =>
  seconds === undefined ? 'Please try again later.' : `Please try again in about ${duration(seconds)}.`;
/** In the queue; `ahead` counts the photos in front. */
const queued = ({ ahead, seconds }: { ahead: number; seconds: number }) =>
  ahead === 0
    ? `You are next (about ${duration(seconds)}).`
    : `${photos(ahead)} ahead of yours (about ${duration(seconds)}).`;

export const en = {
  /** Name of the language in the language itself. */
  language: 'English',

  start: {
    telegram:
      "Hi! Send me a photo of someone and I'll turn it into a cartoon.\n\nPick a look with /style. More in /help.",
  },
  help: {
    /** Last line of the answers to /help and /privacy, where the page's address is known. */
    onDevice: ({ url }: { url: string }) =>
      `• Nothing of your photo leaves your device at ${url}: there your browser draws by itself.`,
    telegram: [
      'Here is what I do:',
      '• Send a photo, and the cartoon comes back as a reply.',
      '• Send it as a file, and you get a file in full quality.',
      '• Send an album, and every photo is drawn.',
      '• In groups: write /cartoon under your photo, reply /cartoon to a photo, or mention me.',
      '• /style sets your style; the buttons under a cartoon redraw it in another one.',
      '• /privacy says what happens to your photos.',
      '• /forget deletes what is stored about you.',
    ].join('\n'),
    discord: [
      'Here is what I do:',
      '• /cartoonize draws your picture, or the avatar of a user.',
      '• Apps > Cartoonize in the menu of a message draws all its pictures.',
      '• Send me a photo in a direct message, or mention me with one.',
      '• /styles shows every style; the menu under a cartoon redraws it in another one.',
      '• /privacy says what happens to your photos, and can delete what is stored about you.',
    ].join('\n'),
  },
  forget: {
    /** Button under the answer to /privacy; at most 80 characters. */
    label: 'Delete my data',
    /** Last line of the answer to /privacy: how it is done on Telegram, and on Discord. */
    byCommand: '• /forget deletes your settings and your photos here at once, those still waiting included.',
    byButton:
      '• The button below deletes your settings and your photos here at once, those still waiting included.',
    /** What was stored about a person and is gone. */
    done: ({
      hasStyle,
      hasStrength = false,
      hints,
      photos,
      originals = 0,
      replies = 0,
    }: {
      hasStyle: boolean;
      hasStrength?: boolean;
      hints: number;
      photos: number;
      originals?: number;
      replies?: number;
    }) =>
      counted('Deleted:', 'Nothing was stored about you.', [
        [hasStyle ? 1 : 0, 'your chosen style'],
        [hasStrength ? 1 : 0, 'your chosen strength'],
        [hints, `hints already shown: ${hints}`],
        [photos, `photos waiting or being drawn: ${photos}`],
        [originals, `kept originals: ${originals}`],
        [replies, `notes about replies: ${replies}`],
      ]),
  },
  privacy: ({ keepMinutes }: { keepMinutes: number }) =>
    [
      'Your photos stay yours:',
      '• They are processed on this server and given to nobody else.',
      keepMinutes === 0
        ? '• Photo and cartoon are deleted from this server right after the answer.'
        : `• Photo and cartoon are deleted from this server ${minutes(keepMinutes)} after the answer at the latest.`,
      '• The cartoon carries no location and no other metadata.',
      '• They are never used to train anything.',
      '• I remember your settings, such as your style, and the ids of users, messages and finished cartoons, so that nothing is answered twice; no pictures.',
    ].join('\n'),

  style: {
    /** Above the style buttons. */
    pick: ({ current }: { current: string }) => `Your style is ${current}. Which one would you like?`,
    set: ({ style }: { style: string }) => `Your style is now ${style}.`,
    /** Label of the button or menu under a result. */
    another: 'Another style',
    /** Above the contact sheet. */
    all: 'These are the styles:',
  },

  /** How far the drawing goes, in per cent; `/strength` is the command on Telegram. */
  strength: {
    pick: ({ percent }: { percent: number }) =>
      `Your strength is ${percent}%. 0% is the photo, 100% is how the style draws, 150% exaggerates. To change it: /strength 80`,
    set: ({ percent }: { percent: number }) => `Your strength is now ${percent}%.`,
    wrong: 'Strength is a whole number from 0 to 150, for example /strength 80.',
  },

  /** What a cartoon may be cut to. */
  shapes: {
    photo: 'Whole photo',
    sticker: 'Sticker',
    avatar: 'Profile picture',
    emoji: 'Emoji',
    cutout: 'Cut-out',
  } satisfies Record<Shape, string>,

  /** People's own sticker sets on Telegram; what answers a press has at most 200 characters. */
  stickers: {
    add: 'Add to my stickers',
    added: ({ link }: { link: string }) =>
      `Added to your stickers: ${link}\nWhich emoji should it stand for?`,
    already: 'This one is in your stickers already.',
    startFirst: ({ bot }: { bot: string }) =>
      `Telegram lets me make stickers only for people who have started a chat with me: https://t.me/${bot}`,
    failed: 'Telegram did not take the sticker. Please try again later.',
    yours: 'One of your stickers. Which emoji should it stand for, or shall it go?',
    remove: 'Remove this sticker',
    removed: 'Removed from your stickers.',
    emojiSet: ({ emoji }: { emoji: string }) => `It now stands for ${emoji}`,
    gone: 'That sticker is not in your set any more.',
  },

  /** Emoji and stickers of a server on Discord. */
  expressions: {
    add: 'Add to this server',
    emojiAdded: ({ name }: { name: string }) => `Added: :${name}:`,
    stickerAdded: ({ name }: { name: string }) => `Added to the stickers of this server: ${name}`,
    youMayNot: 'You need the permission Create Expressions for that.',
    iMayNot: 'I need the permission Create Expressions for that.',
    byHand: 'By hand: save the picture and upload it under Server Settings > Emoji or Stickers.',
    full: 'This server has no room for more of them.',
    failed: 'Discord did not take it. Please try again later.',
  },

  cancel: {
    label: 'Cancel',
    done: 'Cancelled.',
    tooLate: 'Too late to cancel: it is already done.',
    onlyRequester: 'Only the person who asked for this cartoon can do that.',
  },

  status: {
    queued,
    working: ({ seconds }: { seconds: number }) => `Drawing your cartoon… (about ${duration(seconds)})`,
    restarting: 'I am restarting. Your photo is kept, the cartoon comes in a moment.',
    /** One status message for a whole album. */
    album: ({ done, total }: { done: number; total: number }) =>
      `Drawing your album: ${done} of ${photos(total)} done.`,
    /** Of a group. */
    face: ({ number, total }: { number: number; total: number }) => `Drawing face ${number} of ${total}…`,
    stages: {
      decode: 'Opening the photo…',
      faces: 'Looking for faces…',
      style: 'Drawing…',
      blend: 'Putting it together…',
      encode: 'Finishing…',
    } satisfies Record<Stage, string>,
  },

  result: {
    /** Alternative text of a cartoon for screen readers. */
    alt: ({ style }: { style: string }) => `Photo redrawn as a cartoon, style: ${style}`,
    /** One-time hint. */
    noFace: 'I found no face, so I drew the whole picture. Large, well-lit faces turn out best.',
    /** Under a cartoon that is not as large as its photo. */
    smaller: ({ width, height }: { width: number; height: number }) =>
      `The photo was too large to keep its size: the cartoon has ${width} × ${height} pixels.`,
    damaged: 'The end of the file is missing. I drew what there is.',
    faces: ({ count }: { count: number }) =>
      plural(count, { one: 'I found # face and drew it.', other: 'I found # faces and drew them all.' }),
  },

  /** Answers to what is not a photo, and hints for how to send one. */
  input: {
    video: 'I cannot draw videos yet. Send me a photo, or a screenshot of the best moment.',
    animation: 'I cannot draw animations yet. Send me a still photo.',
    sticker: 'I cannot draw animated stickers. Ordinary stickers and photos work.',
    notAPicture: 'That file is not a picture I know. JPEG, PNG, WebP, GIF and AVIF work.',
    /** Private chat, text without a photo. */
    sendPhoto: 'Send me a photo of someone, and I will turn it into a cartoon.',
    /** Mentioned without a photo in a group or server. */
    mention: 'Mention me together with a photo, and I will turn it into a cartoon.',
    /** Telegram: /cartoon without a photo. */
    replyWithCommand: 'Write /cartoon under a photo, or reply with /cartoon to one.',
    /** Discord: mention in a reply; the bot cannot see the photo there. */
    useApps: 'I cannot see that photo from here. Open the menu of its message and choose Apps > Cartoonize.',
    linkNotAllowed: 'I only open links to pictures on Discord. Please upload the picture instead.',
    /** The original photo of "another style" is no longer there. */
    sourceGone: 'I no longer have that photo. Please send it again.',
  },

  permissions: {
    missing: ({ names }: { names: readonly string[] }) =>
      `I cannot answer here. I am missing: ${list(names)}.`,
    names: {
      viewChannel: 'View Channel',
      sendMessages: 'Send Messages',
      attachFiles: 'Attach Files',
    },
  },

  /** The cartoon is ready but the platform does not take it. */
  delivery: {
    autoMod: 'The AutoMod rules of this server blocked my answer.',
    tooLarge: 'The cartoon is too large to be sent here. Try a smaller photo.',
    failed: 'The cartoon is ready but could not be sent. Please try again.',
  },

  stats: {
    denied: 'This command is for the operator of the bot.',
    report: (n: { queued: number; processing: number; answered: number; failed: number; uptime: number }) =>
      [
        `Waiting: ${n.queued}`,
        `In work: ${n.processing}`,
        `Answered: ${n.answered}`,
        `Failed: ${n.failed}`,
        `Up for: ${duration(n.uptime)}`,
      ].join('\n'),
  },

  /** Command menus. Telegram's names are the keys; Discord's are translated. */
  commands: {
    telegram: {
      start: 'Say hello',
      cartoon: 'Turn a photo into a cartoon',
      sticker: 'Turn a photo into a sticker',
      avatar: 'Turn a photo into a profile picture',
      style: 'Choose your style',
      strength: 'Set how strong the cartoon is',
      help: 'How it works',
      privacy: 'What happens to your photos',
      forget: 'Delete what is stored about you',
      stats: 'Figures for the operator',
    },
    discord: {
      cartoonize: {
        name: 'cartoonize',
        description: 'Turn a photo into a cartoon',
        options: {
          image: { name: 'image', description: 'The photo' },
          style: { name: 'style', description: 'How it should look' },
          strength: { name: 'strength', description: 'How strong, from 0 (the photo) to 150' },
          as: { name: 'as', description: 'What the cartoon is cut to' },
          user: { name: 'user', description: 'Draw the avatar of this user' },
          link: { name: 'link', description: 'Link to a picture on Discord' },
          private: { name: 'private', description: 'Only you see the result' },
          spoiler: { name: 'spoiler', description: 'Hide the result behind a spoiler' },
          format: { name: 'format', description: 'File format of the result' },
        },
      },
      style: {
        name: 'style',
        description: 'Choose your style',
        options: { style: { name: 'style', description: 'Used when you name no other' } },
      },
      strength: {
        name: 'strength',
        description: 'How strong the cartoon is',
        options: {
          percent: {
            name: 'percent',
            description: '0 is the photo, 100 as the style draws, 150 exaggerates',
          },
        },
      },
      styles: { name: 'styles', description: 'Show all styles' },
      help: { name: 'help', description: 'How it works' },
      privacy: { name: 'privacy', description: 'What happens to your photos' },
      /** Context menus; these names may have capitals and spaces. */
      messageMenu: 'Cartoonize',
      userMenu: 'Cartoonize avatar',
    },
  },

  bot: {
    /** Shown in an empty chat (Telegram: at most 512 characters). */
    description:
      'Send a photo of someone and get it back as a cartoon in seconds. Several styles, groups and albums, full-quality files. Photos are processed on our own server and deleted soon after; no ads, no account.',
    /** Profile (Telegram: at most 120 characters). */
    about: 'Turns photos of people into cartoons. Fast, free, private.',
  },

  buttons: {
    again: 'Try again',
  },

  web: {
    title: 'dctoon: photos into cartoons',
    tagline: 'Photo in, cartoon out.',
    drop: 'Drop a photo here, paste it, or choose a file',
    dropNow: 'Drop it here',
    chooseFile: 'Choose a photo',
    /** Slider below the styles: how far the drawing goes. */
    strength: 'Strength',
    chooseStyle: 'Style',
    language: 'Language',
    uploading: 'Uploading…',
    working: 'Drawing your cartoon…',
    downloading: 'Fetching your cartoon…',
    /** While the page asks a busy server again by itself. */
    busy: 'Many photos are being drawn. Yours goes on by itself in a moment.',
    queue: queued,
    before: 'Before',
    after: 'After',
    /** Accessible name of the slider between the two. */
    compare: 'Compare before and after',
    /** Buttons on the finished picture. */
    looking: {
      label: 'View',
      hold: 'Hold to see the photo',
      side: 'Side by side',
      zoomOut: 'Zoom out',
      zoomIn: 'Zoom in',
      full: 'Full screen',
      leaveFull: 'Leave full screen',
    },
    /** Photos to try the page with: an introduction, and what is in each. */
    samples: {
      lead: 'No photo at hand? Try one of these:',
      astronaut: 'An astronaut',
      pearl: 'Girl with a Pearl Earring',
      mona: 'The Mona Lisa',
      failed: 'Could not load this sample photo. Check your connection and try again.',
    },
    /** Button below the styles, when there are several photos. */
    styleForAll: 'Use this style for all photos',
    /** Before the links to this server’s bots. */
    bots: 'Also in your chats',
    download: 'Download',
    copy: 'Copy',
    copied: 'Copied',
    share: 'Share',
    cancel: 'Cancel',
    again: 'Try again',
    another: 'Another photo',
    /** Shown when even the error has no text of its own. */
    error: 'That did not work. Please try again.',
    offline: 'The server cannot be reached. Check your connection and try again.',
    privacy: ({ keepMinutes }: { keepMinutes: number }) =>
      keepMinutes === 0
        ? 'Your photo stays on this server and is deleted from it as soon as you have the cartoon. It is never shared and never used for training.'
        : `Your photo stays on this server and is deleted from it ${minutes(keepMinutes)} after the cartoon is ready, at the latest. It is never shared and never used for training.`,
    /** Under the headline. */
    lead: 'Send in a photo of someone and see it redrawn in seconds, at its full size. No account, no ads.',
    formats: ({ megabytes }: { megabytes: number }) => `JPEG, PNG, WebP, GIF or AVIF, up to ${megabytes} MB`,
    camera: 'Take a photo',
    /** Button of the form without JavaScript. */
    submit: 'Get the cartoon',
    photos: 'Your photos',
    /** A photo that is still in the browser because others go first. */
    waitingHere: 'Waiting for its turn…',
    ready: 'Your cartoon is ready.',
    failed: 'Failed',
    stopped: 'Cancelled.',
    downloadAll: 'Download all',
    /** Button beside the sentence about privacy: photo and cartoons go at once. */
    delete: 'Delete now',
    deleteAll: 'Delete all',
    /** Checkbox and button: drawing without a server. */
    drawHere: 'Draw on this device',
    /** While the networks are fetched for that. */
    preparing: 'Fetching what is needed to draw, once…',
    /** In place of `privacy`, when the browser draws. */
    privacyHere: 'Your photo does not leave this device: your browser draws it by itself.',
    deletedHere: 'Deleted: the photo and its cartoons.',
    /** After the sentence about privacy. */
    kept: 'So that nothing is lost, this browser keeps photos and cartoons for a day, or until you delete them.',
    deleted: 'Deleted, here and on the server: the photo and its cartoons.',
    copyFailed: 'Copying did not work in this browser. Use Download instead.',
    /** Where the slider between before and after stands. */
    split: ({ percent }: { percent: number }) => `${percent}% cartoon`,
    needKey: 'This server is private. Enter its key to go on.',
    key: 'Key',
    useKey: 'Continue',
    wrongKey: 'That key is not the right one. Check it and enter it again.',
    /** Instead of the error's own text, which is about chats. */
    heic: 'HEIC photos cannot be read here. Save it as JPEG and send that. On an iPhone: Settings > Camera > Formats > Most Compatible.',
    noScript: 'This page works better with JavaScript. Without it, the cartoon comes as a download.',
    /** Answers of the HTTP API that no photo error covers. */
    problems: {
      notFound: 'There is nothing at this address, or it has been deleted already.',
      methodNotAllowed: 'This address does not answer to that kind of request.',
      keyNeeded: 'A valid key is needed here: send it as Authorization: Bearer KEY.',
      crossSite: 'Other websites may not send photos here.',
      badForm: 'I could not read that request. Send the photo as multipart/form-data, in a field named file.',
      onePhoto: 'One photo at a time, please.',
      notReady: 'This cartoon is not ready yet.',
      slow: 'The upload took too long. Check your connection and try again.',
      keyReused: 'This Idempotency-Key came with another photo or style before. Use a new one.',
      wrongHost: 'This service does not answer under that host name.',
    },
  },

  /** By `ErrorCode`. Read them through `Texts.error`, which fills in what the error did not say. */
  errors: {
    unsupported_format: () =>
      'I cannot read this kind of file. Please send a JPEG, PNG, WebP, GIF or AVIF picture.',
    heic: () => 'I cannot read HEIC files. Please send it as a photo instead of a file, or as JPEG.',
    too_large: ({ megabytes }) =>
      `That file is too large, ${megabytes} MB is the limit. Please send a smaller one.`,
    too_many_pixels: ({ megapixels }) =>
      `That picture has too many pixels, ${megapixels} megapixels is the limit. Please send a smaller one.`,
    broken_image: () => 'That picture seems to be damaged. Please send it again or try another one.',
    no_photo: () => 'There is no photo in it. Please add one.',
    unknown_style: () => 'I do not know this style. Please pick one from the list.',
    no_person: () => 'I found nobody to cut out of that photo. Please try one with a person in it.',
    download_failed: () => 'I could not fetch your photo. Please send it again.',
    queue_full: ({ seconds }) => `So many photos are waiting that I cannot take another. ${again(seconds)}`,
    user_limit: ({ limit, seconds }) =>
      `I am still working on ${photos(limit)} of yours, and cannot take more at once. ${again(seconds)}`,
    rate_limited: ({ seconds }) => `That was a bit fast for me. ${again(seconds)}`,
    wait_too_long: ({ seconds }) =>
      seconds === undefined
        ? `The queue is too long right now. ${again()}`
        : `The queue is too long right now (about ${duration(seconds)}). ${again()}`,
    shutting_down: () => 'I am restarting. Please send it again in a minute.',
    storage_full: () => 'My disk is full right now. Please try again later.',
    cancelled: () => 'Cancelled.',
    expired: () => 'Sorry, your photo had to wait too long. Please send it again.',
    timeout: () => 'Sorry, this photo took too long, so I stopped. Please try another one.',
    crashed: () => 'Sorry, something broke while I was drawing this photo. Please try another one.',
    internal: () => 'Sorry, something went wrong on my side. Please try again.',
  } satisfies Record<ErrorCode, (details: ErrorNumbers) => string>,
};
