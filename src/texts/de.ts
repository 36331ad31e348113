/** Deutsch. */
import { counted, createFormat } from './format.ts';
import type { Messages } from './messages.ts';

const { plural, duration, list } = createFormat('de');
const photos = (count: number) => plural(count, { one: '# Foto', other: '# Fotos' });
const minutes = (count: number) => plural(count, { one: '# Minute', other: '# Minuten' });
const again = (seconds?: number) =>
  seconds === undefined
    ? 'Bitte versuch es später noch einmal.'
    : `Bitte versuch es in etwa ${duration(seconds)} noch einmal.`;
const queued = ({ ahead, seconds }: { ahead: number; seconds: number }) =>
  ahead === 0
    ? `Du bist als Nächstes dran (etwa ${duration(seconds)}).`
    : `Noch ${photos(ahead)} vor deinem (etwa ${duration(seconds)}).`;

export const de: Messages = {
  language: 'Deutsch',

  start: {
    telegram:
      'Hallo! Schick mir ein Foto von jemandem, und ich mache einen Cartoon daraus.\n\nDen Stil wählst du mit /style. Mehr unter /help.',
  },
  help: {
    onDevice: ({ url }: { url: string }) =>
      `• Unter ${url} verlässt dein Foto dein Gerät gar nicht: Dort zeichnet dein Browser selbst.`,
    telegram: [
      'Das kann ich:',
      '• Schick ein Foto, der Cartoon kommt als Antwort.',
      '• Schick es als Datei, dann bekommst du eine Datei in voller Qualität.',
      '• Schick ein Album, und jedes Foto wird gezeichnet.',
      '• In Gruppen: schreib /cartoon unter dein Foto, antworte mit /cartoon auf ein Foto oder erwähne mich.',
      '• /style legt deinen Stil fest; die Knöpfe unter einem Cartoon zeichnen ihn in einem anderen neu.',
      '• /privacy sagt, was mit deinen Fotos passiert.',
      '• /forget löscht, was über dich gespeichert ist.',
    ].join('\n'),
    discord: [
      'Das kann ich:',
      '• /cartoonisieren zeichnet dein Bild oder den Avatar eines Nutzers.',
      '• Apps > Cartoonisieren im Menü einer Nachricht zeichnet alle ihre Bilder.',
      '• Schick mir ein Foto als Direktnachricht oder erwähne mich mit einem.',
      '• /stile zeigt alle Stile; das Menü unter einem Cartoon zeichnet ihn in einem anderen neu.',
      '• /datenschutz sagt, was mit deinen Fotos passiert, und kann löschen, was über dich gespeichert ist.',
    ].join('\n'),
  },
  forget: {
    label: 'Meine Daten löschen',
    byCommand: '• /forget löscht sofort deine Einstellungen und deine Fotos hier, auch die, die noch warten.',
    byButton:
      '• Der Knopf darunter löscht sofort deine Einstellungen und deine Fotos hier, auch die, die noch warten.',
    done: ({ hasStyle, hasStrength = false, hints, photos, originals = 0, replies = 0 }) =>
      counted('Gelöscht:', 'Über dich war nichts gespeichert.', [
        [hasStyle ? 1 : 0, 'dein gewählter Stil'],
        [hasStrength ? 1 : 0, 'deine gewählte Stärke'],
        [hints, `bereits gezeigte Hinweise: ${hints}`],
        [photos, `wartende oder gerade gezeichnete Fotos: ${photos}`],
        [originals, `aufbewahrte Originale: ${originals}`],
        [replies, `Notizen zu Antworten: ${replies}`],
      ]),
  },
  privacy: ({ keepMinutes }) =>
    [
      'Deine Fotos bleiben deine:',
      '• Sie werden auf diesem Server verarbeitet und an niemanden weitergegeben.',
      keepMinutes === 0
        ? '• Foto und Cartoon werden gleich nach der Antwort von diesem Server gelöscht.'
        : `• Foto und Cartoon werden spätestens ${minutes(keepMinutes)} nach der Antwort von diesem Server gelöscht.`,
      '• Der Cartoon trägt weder Standort noch andere Metadaten.',
      '• Sie werden nie zum Trainieren verwendet.',
      '• Ich merke mir deine Einstellungen, etwa deinen Stil, und die IDs von Nutzern, Nachrichten und fertigen Cartoons, damit nichts doppelt beantwortet wird; keine Bilder.',
    ].join('\n'),

  style: {
    pick: ({ current }) => `Dein Stil ist ${current}. Welchen möchtest du?`,
    set: ({ style }) => `Dein Stil ist jetzt ${style}.`,
    another: 'Anderer Stil',
    all: 'Das sind die Stile:',
  },

  strength: {
    pick: ({ percent }) =>
      `Deine Stärke ist ${percent} %. 0 % ist das Foto, 100 % ist, wie der Stil zeichnet, 150 % übertreibt. Ändern: /strength 80`,
    set: ({ percent }) => `Deine Stärke ist jetzt ${percent} %.`,
    wrong: 'Die Stärke ist eine ganze Zahl von 0 bis 150, zum Beispiel /strength 80.',
  },

  shapes: {
    photo: 'Ganzes Foto',
    sticker: 'Sticker',
    avatar: 'Profilbild',
    emoji: 'Emoji',
    cutout: 'Freigestellt',
  },

  stickers: {
    add: 'Zu meinen Stickern',
    added: ({ link }) => `Zu deinen Stickern hinzugefügt: ${link}\nFür welches Emoji soll er stehen?`,
    already: 'Der ist schon in deinen Stickern.',
    startFirst: ({ bot }) =>
      `Telegram lässt mich nur für Leute Sticker machen, die einen Chat mit mir begonnen haben: https://t.me/${bot}`,
    failed: 'Telegram hat den Sticker nicht angenommen. Bitte versuche es später noch einmal.',
    yours: 'Einer deiner Sticker. Für welches Emoji soll er stehen, oder soll er weg?',
    remove: 'Diesen Sticker entfernen',
    removed: 'Aus deinen Stickern entfernt.',
    emojiSet: ({ emoji }) => `Er steht jetzt für ${emoji}`,
    gone: 'Dieser Sticker ist nicht mehr in deinem Set.',
  },

  expressions: {
    add: 'Zu diesem Server',
    emojiAdded: ({ name }) => `Hinzugefügt: :${name}:`,
    stickerAdded: ({ name }) => `Zu den Stickern dieses Servers hinzugefügt: ${name}`,
    youMayNot: 'Dafür brauchst du das Recht „Ausdrücke erstellen“.',
    iMayNot: 'Dafür brauche ich das Recht „Ausdrücke erstellen“.',
    byHand: 'Von Hand: Speichere das Bild und lade es unter Servereinstellungen > Emoji oder Sticker hoch.',
    full: 'Dieser Server hat keinen Platz für weitere.',
    failed: 'Discord hat es nicht angenommen. Bitte versuche es später noch einmal.',
  },

  cancel: {
    label: 'Abbrechen',
    done: 'Abgebrochen.',
    tooLate: 'Zu spät zum Abbrechen: Er ist schon fertig.',
    onlyRequester: 'Das darf nur, wer diesen Cartoon bestellt hat.',
  },

  status: {
    queued,
    working: ({ seconds }) => `Ich zeichne deinen Cartoon … (etwa ${duration(seconds)})`,
    restarting: 'Ich starte neu. Dein Foto ist gesichert, der Cartoon kommt gleich.',
    album: ({ done, total }) => `Ich zeichne dein Album: ${done} von ${photos(total)} fertig.`,
    face: ({ number, total }) => `Ich zeichne Gesicht ${number} von ${total} …`,
    stages: {
      decode: 'Ich öffne das Foto …',
      faces: 'Ich suche Gesichter …',
      style: 'Ich zeichne …',
      blend: 'Ich setze alles zusammen …',
      encode: 'Gleich fertig …',
    },
  },

  result: {
    alt: ({ style }) => `Foto, als Cartoon gezeichnet, Stil: ${style}`,
    noFace:
      'Ich habe kein Gesicht gefunden und deshalb das ganze Bild gezeichnet. Am besten gelingen große, gut beleuchtete Gesichter.',
    smaller: ({ width, height }) =>
      `Das Foto war zu groß, um seine Größe zu behalten: Der Cartoon hat ${width} × ${height} Pixel.`,
    damaged: 'Das Ende der Datei fehlt. Ich habe gezeichnet, was da ist.',
    faces: ({ count }) =>
      plural(count, {
        one: 'Ich habe # Gesicht gefunden und gezeichnet.',
        other: 'Ich habe # Gesichter gefunden und alle gezeichnet.',
      }),
  },

  input: {
    video:
      'Videos kann ich noch nicht zeichnen. Schick mir ein Foto oder einen Screenshot der schönsten Stelle.',
    animation: 'Animationen kann ich noch nicht zeichnen. Schick mir ein unbewegtes Bild.',
    sticker: 'Animierte Sticker kann ich nicht zeichnen. Normale Sticker und Fotos gehen.',
    notAPicture: 'Diese Datei ist kein Bild, das ich kenne. JPEG, PNG, WebP, GIF und AVIF gehen.',
    sendPhoto: 'Schick mir ein Foto von jemandem, und ich mache einen Cartoon daraus.',
    mention: 'Erwähne mich zusammen mit einem Foto, und ich mache einen Cartoon daraus.',
    replyWithCommand: 'Schreib /cartoon unter ein Foto oder antworte mit /cartoon auf eines.',
    useApps:
      'Das Foto kann ich von hier aus nicht sehen. Öffne das Menü der Nachricht und wähle Apps > Cartoonisieren.',
    linkNotAllowed: 'Ich öffne nur Links zu Bildern auf Discord. Bitte lade das Bild stattdessen hoch.',
    sourceGone: 'Das Foto habe ich nicht mehr. Bitte schick es noch einmal.',
  },

  permissions: {
    missing: ({ names }) => `Ich kann hier nicht antworten. Mir fehlt: ${list(names)}.`,
    names: {
      viewChannel: 'Kanal anzeigen',
      sendMessages: 'Nachrichten senden',
      attachFiles: 'Dateien anhängen',
    },
  },

  delivery: {
    autoMod: 'Die AutoMod-Regeln dieses Servers haben meine Antwort blockiert.',
    tooLarge: 'Der Cartoon ist zu groß, um ihn hier zu senden. Versuch es mit einem kleineren Foto.',
    failed: 'Der Cartoon ist fertig, ließ sich aber nicht senden. Bitte versuch es noch einmal.',
  },

  stats: {
    denied: 'Dieser Befehl ist für den Betreiber des Bots.',
    report: (n) =>
      [
        `Wartend: ${n.queued}`,
        `In Arbeit: ${n.processing}`,
        `Beantwortet: ${n.answered}`,
        `Fehlgeschlagen: ${n.failed}`,
        `Läuft seit: ${duration(n.uptime)}`,
      ].join('\n'),
  },

  commands: {
    telegram: {
      start: 'Hallo sagen',
      cartoon: 'Ein Foto in einen Cartoon verwandeln',
      sticker: 'Ein Foto in einen Sticker verwandeln',
      avatar: 'Ein Foto in ein Profilbild verwandeln',
      style: 'Deinen Stil wählen',
      strength: 'Festlegen, wie stark gezeichnet wird',
      help: 'So funktioniert es',
      privacy: 'Was mit deinen Fotos passiert',
      forget: 'Löschen, was über dich gespeichert ist',
      stats: 'Zahlen für den Betreiber',
    },
    discord: {
      cartoonize: {
        name: 'cartoonisieren',
        description: 'Ein Foto in einen Cartoon verwandeln',
        options: {
          image: { name: 'bild', description: 'Das Foto' },
          style: { name: 'stil', description: 'Wie es aussehen soll' },
          strength: { name: 'stärke', description: 'Wie stark, von 0 (das Foto) bis 150' },
          as: { name: 'als', description: 'Worauf der Cartoon zugeschnitten wird' },
          user: { name: 'nutzer', description: 'Den Avatar dieses Nutzers zeichnen' },
          link: { name: 'link', description: 'Link zu einem Bild auf Discord' },
          private: { name: 'privat', description: 'Nur du siehst das Ergebnis' },
          spoiler: { name: 'spoiler', description: 'Das Ergebnis als Spoiler verbergen' },
          format: { name: 'format', description: 'Dateiformat des Ergebnisses' },
        },
      },
      style: {
        name: 'stil',
        description: 'Deinen Stil wählen',
        options: { style: { name: 'stil', description: 'Gilt, wenn du keinen anderen nennst' } },
      },
      strength: {
        name: 'stärke',
        description: 'Festlegen, wie stark gezeichnet wird',
        options: {
          percent: {
            name: 'prozent',
            description: '0 ist das Foto, 100 wie der Stil zeichnet, 150 übertreibt',
          },
        },
      },
      styles: { name: 'stile', description: 'Alle Stile zeigen' },
      help: { name: 'hilfe', description: 'So funktioniert es' },
      privacy: { name: 'datenschutz', description: 'Was mit deinen Fotos passiert' },
      messageMenu: 'Cartoonisieren',
      userMenu: 'Avatar cartoonisieren',
    },
  },

  bot: {
    description:
      'Schick ein Foto von jemandem und du bekommst es in Sekunden als Cartoon zurück. Mehrere Stile, Gruppen und Alben, Dateien in voller Qualität. Fotos werden auf unserem eigenen Server verarbeitet und kurz danach gelöscht; keine Werbung, kein Konto.',
    about: 'Macht aus Fotos von Menschen Cartoons. Schnell, kostenlos, privat.',
  },

  buttons: {
    again: 'Noch einmal',
  },

  web: {
    title: 'dctoon: aus Fotos werden Cartoons',
    tagline: 'Foto rein, Cartoon raus.',
    drop: 'Zieh ein Foto hierher, füge es ein oder wähle eine Datei',
    dropNow: 'Hier ablegen',
    chooseFile: 'Foto auswählen',
    strength: 'Stärke',
    chooseStyle: 'Stil',
    language: 'Sprache',
    uploading: 'Wird hochgeladen …',
    working: 'Dein Cartoon wird gezeichnet …',
    downloading: 'Dein Cartoon wird geholt …',
    busy: 'Gerade werden viele Fotos gezeichnet. Deins ist gleich von selbst an der Reihe.',
    queue: queued,
    before: 'Vorher',
    after: 'Nachher',
    compare: 'Vorher und nachher vergleichen',
    looking: {
      label: 'Ansicht',
      hold: 'Gedrückt halten, um das Foto zu sehen',
      side: 'Nebeneinander',
      zoomOut: 'Verkleinern',
      zoomIn: 'Vergrößern',
      full: 'Vollbild',
      leaveFull: 'Vollbild verlassen',
    },
    samples: {
      lead: 'Kein Foto zur Hand? Probier eins davon:',
      astronaut: 'Eine Astronautin',
      pearl: 'Das Mädchen mit dem Perlenohrring',
      mona: 'Die Mona Lisa',
      failed: 'Dieses Beispielfoto ließ sich nicht laden. Prüf deine Verbindung und versuch es noch einmal.',
    },
    styleForAll: 'Diesen Stil für alle Fotos',
    bots: 'Auch in deinen Chats',
    download: 'Herunterladen',
    copy: 'Kopieren',
    copied: 'Kopiert',
    share: 'Teilen',
    cancel: 'Abbrechen',
    again: 'Noch einmal versuchen',
    another: 'Noch ein Foto',
    error: 'Das hat nicht geklappt. Bitte versuch es noch einmal.',
    offline: 'Der Server ist nicht erreichbar. Prüf deine Verbindung und versuch es noch einmal.',
    privacy: ({ keepMinutes }) =>
      `Dein Foto bleibt auf diesem Server und wird dort gelöscht, ${
        keepMinutes === 0
          ? 'sobald du den Cartoon hast'
          : `spätestens ${minutes(keepMinutes)}, nachdem der Cartoon fertig ist`
      }. Es wird nie weitergegeben und nie zum Trainieren verwendet.`,
    lead: 'Schick ein Foto von jemandem und sieh es in Sekunden neu gezeichnet, in voller Größe. Ohne Konto, ohne Werbung.',
    formats: ({ megabytes }) => `JPEG, PNG, WebP, GIF oder AVIF, bis ${megabytes} MB`,
    camera: 'Foto aufnehmen',
    submit: 'Cartoon zeichnen',
    photos: 'Deine Fotos',
    waitingHere: 'Ist gleich an der Reihe …',
    ready: 'Dein Cartoon ist fertig.',
    failed: 'Fehlgeschlagen',
    stopped: 'Abgebrochen.',
    downloadAll: 'Alle herunterladen',
    delete: 'Jetzt löschen',
    deleteAll: 'Alle löschen',
    drawHere: 'Auf diesem Gerät zeichnen',
    preparing: 'Was zum Zeichnen nötig ist, wird einmal geladen…',
    privacyHere: 'Dein Foto verlässt dieses Gerät nicht: Dein Browser zeichnet es selbst.',
    deletedHere: 'Gelöscht: das Foto und seine Cartoons.',
    kept: 'Damit nichts verloren geht, behält dieser Browser Fotos und Cartoons einen Tag lang, oder bis du sie löschst.',
    deleted: 'Gelöscht, hier und auf dem Server: das Foto und seine Cartoons.',
    copyFailed: 'Kopieren klappt in diesem Browser nicht. Nimm stattdessen Herunterladen.',
    split: ({ percent }) => `${percent} % Cartoon`,
    needKey: 'Dieser Server ist privat. Gib seinen Schlüssel ein.',
    key: 'Schlüssel',
    useKey: 'Weiter',
    wrongKey: 'Das ist nicht der richtige Schlüssel. Prüf ihn und gib ihn noch einmal ein.',
    heic: 'HEIC-Fotos lassen sich hier nicht lesen. Speicher das Foto als JPEG und schick das. Auf dem iPhone: Einstellungen > Kamera > Formate > Maximale Kompatibilität.',
    noScript: 'Mit JavaScript kann diese Seite mehr. Ohne kommt der Cartoon als Download.',
    problems: {
      notFound: 'Hier gibt es nichts, oder es wurde schon gelöscht.',
      methodNotAllowed: 'Diese Adresse beantwortet solche Anfragen nicht.',
      keyNeeded: 'Hier wird ein gültiger Schlüssel gebraucht: als Authorization: Bearer SCHLÜSSEL.',
      crossSite: 'Andere Websites dürfen hierher keine Fotos schicken.',
      badForm: 'Ich konnte die Anfrage nicht lesen. Schick das Foto als multipart/form-data im Feld file.',
      onePhoto: 'Bitte immer nur ein Foto auf einmal.',
      notReady: 'Dieser Cartoon ist noch nicht fertig.',
      slow: 'Das Hochladen hat zu lange gedauert. Prüf deine Verbindung und versuch es noch einmal.',
      keyReused:
        'Dieser Idempotency-Key kam schon mit einem anderen Foto oder Stil. Bitte einen neuen verwenden.',
      wrongHost: 'Unter diesem Hostnamen antwortet dieser Dienst nicht.',
    },
  },

  errors: {
    unsupported_format: () =>
      'Diese Art von Datei kann ich nicht lesen. Bitte schick ein Bild als JPEG, PNG, WebP, GIF oder AVIF.',
    heic: () => 'HEIC-Dateien kann ich nicht lesen. Bitte schick es als Foto statt als Datei, oder als JPEG.',
    too_large: ({ megabytes }) =>
      `Die Datei ist zu groß, höchstens ${megabytes} MB sind möglich. Bitte schick eine kleinere.`,
    too_many_pixels: ({ megapixels }) =>
      `Das Bild hat zu viele Pixel, höchstens ${megapixels} Megapixel sind möglich. Bitte schick ein kleineres.`,
    broken_image: () =>
      'Das Bild scheint beschädigt zu sein. Bitte schick es noch einmal oder versuch ein anderes.',
    no_photo: () => 'Da ist kein Foto dabei. Bitte füge eines hinzu.',
    unknown_style: () => 'Diesen Stil kenne ich nicht. Bitte wähle einen aus der Liste.',
    no_person: () =>
      'Auf dem Foto ist niemand, den ich ausschneiden könnte. Versuche es mit einem Foto, auf dem ein Mensch zu sehen ist.',
    download_failed: () => 'Ich konnte dein Foto nicht abholen. Bitte schick es noch einmal.',
    queue_full: ({ seconds }) =>
      `Es warten so viele Fotos, dass ich gerade keines mehr annehmen kann. ${again(seconds)}`,
    user_limit: ({ limit, seconds }) =>
      `Ich arbeite noch an ${photos(limit)} von dir, mehr geht nicht auf einmal. ${again(seconds)}`,
    rate_limited: ({ seconds }) => `Das war etwas zu schnell für mich. ${again(seconds)}`,
    wait_too_long: ({ seconds }) =>
      seconds === undefined
        ? `Die Schlange ist gerade zu lang. ${again()}`
        : `Die Schlange ist gerade zu lang (etwa ${duration(seconds)}). ${again()}`,
    shutting_down: () => 'Ich starte gerade neu. Bitte schick es in einer Minute noch einmal.',
    storage_full: () => 'Mein Speicher ist gerade voll. Bitte versuch es später noch einmal.',
    cancelled: () => 'Abgebrochen.',
    expired: () => 'Entschuldige, dein Foto musste zu lange warten. Bitte schick es noch einmal.',
    timeout: () =>
      'Entschuldige, dieses Foto hat zu lange gedauert, ich habe abgebrochen. Bitte versuch ein anderes.',
    crashed: () => 'Entschuldige, beim Zeichnen dieses Fotos ging etwas kaputt. Bitte versuch ein anderes.',
    internal: () => 'Entschuldige, bei mir ging etwas schief. Bitte versuch es noch einmal.',
  },
};
