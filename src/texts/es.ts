/** Español. */
import { counted, createFormat } from './format.ts';
import type { Messages } from './messages.ts';

const { plural, duration, list } = createFormat('es');
const photos = (count: number) => plural(count, { one: '# foto', other: '# fotos' });
const minutes = (count: number) => plural(count, { one: '# minuto', other: '# minutos' });
const again = (seconds?: number) =>
  seconds === undefined
    ? 'Inténtalo de nuevo más tarde.'
    : `Inténtalo de nuevo dentro de ${duration(seconds)} aproximadamente.`;
const queued = ({ ahead, seconds }: { ahead: number; seconds: number }) =>
  ahead === 0
    ? `La tuya es la siguiente (aprox. ${duration(seconds)}).`
    : `${photos(ahead)} antes de la tuya (aprox. ${duration(seconds)}).`;

export const es: Messages = {
  language: 'Español',

  start: {
    telegram:
      '¡Hola! Envíame una foto de alguien y la convertiré en un dibujo animado.\n\nElige el estilo con /style. Más en /help.',
  },
  help: {
    onDevice: ({ url }: { url: string }) =>
      `• En ${url} tu foto no sale de tu dispositivo: allí dibuja tu propio navegador.`,
    telegram: [
      'Esto es lo que hago:',
      '• Envía una foto y te respondo con el dibujo.',
      '• Envíala como archivo y recibes un archivo con toda la calidad.',
      '• Envía un álbum y dibujo todas las fotos.',
      '• En grupos: escribe /cartoon al pie de tu foto, responde /cartoon a una foto o mencióname.',
      '• /style fija tu estilo; los botones bajo un dibujo lo repiten en otro.',
      '• /privacy explica qué pasa con tus fotos.',
      '• /forget borra lo que se guarda sobre ti.',
    ].join('\n'),
    discord: [
      'Esto es lo que hago:',
      '• /dibujar dibuja tu imagen o el avatar de un usuario.',
      '• Aplicaciones > Dibujar, en el menú de un mensaje, dibuja todas sus imágenes.',
      '• Envíame una foto por mensaje directo o mencióname con una.',
      '• /estilos los muestra todos; el menú bajo un dibujo lo repite en otro.',
      '• /privacidad explica qué pasa con tus fotos y permite borrar lo que se guarda sobre ti.',
    ].join('\n'),
  },
  forget: {
    label: 'Borrar mis datos',
    byCommand: '• /forget borra al momento tus ajustes y tus fotos de aquí, incluidas las que aún esperan.',
    byButton:
      '• El botón de abajo borra al momento tus ajustes y tus fotos de aquí, incluidas las que aún esperan.',
    done: ({ hasStyle, hasStrength = false, hints, photos, originals = 0, replies = 0 }) =>
      counted('Borrado:', 'No había nada guardado sobre ti.', [
        [hasStyle ? 1 : 0, 'el estilo que elegiste'],
        [hasStrength ? 1 : 0, 'la intensidad que elegiste'],
        [hints, `consejos ya mostrados: ${hints}`],
        [photos, `fotos en espera o dibujándose: ${photos}`],
        [originals, `originales guardados: ${originals}`],
        [replies, `notas sobre respuestas: ${replies}`],
      ]),
  },
  privacy: ({ keepMinutes }) =>
    [
      'Tus fotos son tuyas:',
      '• Se procesan en este servidor y no se entregan a nadie.',
      keepMinutes === 0
        ? '• La foto y el dibujo se borran de este servidor en cuanto te respondo.'
        : `• La foto y el dibujo se borran de este servidor como máximo ${minutes(keepMinutes)} después de la respuesta.`,
      '• El dibujo no lleva ubicación ni otros metadatos.',
      '• Nunca se usan para entrenar nada.',
      '• Recuerdo tus ajustes, como tu estilo, y los identificadores de usuarios, mensajes y dibujos terminados, para no responder nada dos veces; ninguna imagen.',
    ].join('\n'),

  style: {
    pick: ({ current }) => `Tu estilo es ${current}. ¿Cuál prefieres?`,
    set: ({ style }) => `Tu estilo ahora es ${style}.`,
    another: 'Otro estilo',
    all: 'Estos son los estilos:',
  },

  strength: {
    pick: ({ percent }) =>
      `Tu intensidad es del ${percent} %. El 0 % es la foto, el 100 % es como dibuja el estilo y el 150 % exagera. Para cambiarla: /strength 80`,
    set: ({ percent }) => `Tu intensidad ahora es del ${percent} %.`,
    wrong: 'La intensidad es un número entero de 0 a 150, por ejemplo /strength 80.',
  },

  shapes: {
    photo: 'Foto entera',
    sticker: 'Sticker',
    avatar: 'Foto de perfil',
    emoji: 'Emoji',
    cutout: 'Recorte',
  },

  stickers: {
    add: 'Añadir a mis stickers',
    added: ({ link }) => `Añadido a tus stickers: ${link}\n¿Qué emoji debe representar?`,
    already: 'Este ya está en tus stickers.',
    startFirst: ({ bot }) =>
      `Telegram solo me deja hacer stickers para quien ha iniciado un chat conmigo: https://t.me/${bot}`,
    failed: 'Telegram no aceptó el sticker. Inténtalo de nuevo más tarde.',
    yours: 'Uno de tus stickers. ¿Qué emoji debe representar, o lo quito?',
    remove: 'Quitar este sticker',
    removed: 'Quitado de tus stickers.',
    emojiSet: ({ emoji }) => `Ahora representa ${emoji}`,
    gone: 'Ese sticker ya no está en tu paquete.',
  },

  expressions: {
    add: 'Añadir a este servidor',
    emojiAdded: ({ name }) => `Añadido: :${name}:`,
    stickerAdded: ({ name }) => `Añadido a los stickers de este servidor: ${name}`,
    youMayNot: 'Para eso necesitas el permiso Crear expresiones.',
    iMayNot: 'Para eso necesito el permiso Crear expresiones.',
    byHand: 'A mano: guarda la imagen y súbela en Ajustes del servidor > Emojis o Stickers.',
    full: 'En este servidor no caben más.',
    failed: 'Discord no lo aceptó. Inténtalo de nuevo más tarde.',
  },

  cancel: {
    label: 'Cancelar',
    done: 'Cancelado.',
    tooLate: 'Ya es tarde para cancelar: está lista.',
    onlyRequester: 'Eso solo puede hacerlo quien pidió este dibujo.',
  },

  status: {
    queued,
    working: ({ seconds }) => `Haciendo tu dibujo… (aprox. ${duration(seconds)})`,
    restarting: 'Me estoy reiniciando. Tu foto está guardada y el dibujo llegará enseguida.',
    album: ({ done, total }) =>
      plural(total, {
        one: `Dibujando tu álbum: ${done} de # foto lista.`,
        other: `Dibujando tu álbum: ${done} de # fotos listas.`,
      }),
    face: ({ number, total }) => `Dibujando la cara ${number} de ${total}…`,
    stages: {
      decode: 'Abriendo la foto…',
      faces: 'Buscando caras…',
      style: 'Dibujando…',
      blend: 'Uniendo las piezas…',
      encode: 'Terminando…',
    },
  },

  result: {
    alt: ({ style }) => `Foto convertida en dibujo animado, estilo: ${style}`,
    noFace:
      'No encontré ninguna cara, así que dibujé la imagen entera. Las caras grandes y bien iluminadas quedan mejor.',
    smaller: ({ width, height }) =>
      `La foto era demasiado grande para conservar su tamaño: el dibujo tiene ${width} × ${height} píxeles.`,
    damaged: 'Falta el final del archivo. He dibujado lo que hay.',
    faces: ({ count }) =>
      plural(count, {
        one: 'Encontré # cara y la dibujé.',
        other: 'Encontré # caras y las dibujé todas.',
      }),
  },

  input: {
    video: 'Todavía no puedo dibujar vídeos. Envíame una foto o una captura del mejor momento.',
    animation: 'Todavía no puedo dibujar animaciones. Envíame una foto fija.',
    sticker: 'No puedo dibujar stickers animados. Los stickers normales y las fotos sí.',
    notAPicture: 'Ese archivo no es una imagen que conozca. Sirven JPEG, PNG, WebP, GIF y AVIF.',
    sendPhoto: 'Envíame una foto de alguien y la convertiré en un dibujo animado.',
    mention: 'Mencióname junto con una foto y la convertiré en un dibujo animado.',
    replyWithCommand: 'Escribe /cartoon al pie de una foto o responde a una con /cartoon.',
    useApps: 'Desde aquí no puedo ver esa foto. Abre el menú de su mensaje y elige Aplicaciones > Dibujar.',
    linkNotAllowed: 'Solo abro enlaces a imágenes de Discord. Sube la imagen directamente, por favor.',
    sourceGone: 'Ya no tengo esa foto. Envíala otra vez, por favor.',
  },

  permissions: {
    missing: ({ names }) => `Aquí no puedo responder. Me falta: ${list(names)}.`,
    names: {
      viewChannel: 'Ver canal',
      sendMessages: 'Enviar mensajes',
      attachFiles: 'Adjuntar archivos',
    },
  },

  delivery: {
    autoMod: 'Las reglas de AutoMod de este servidor bloquearon mi respuesta.',
    tooLarge: 'El dibujo es demasiado grande para enviarla aquí. Prueba con una foto más pequeña.',
    failed: 'El dibujo está listo, pero no se pudo enviar. Inténtalo de nuevo.',
  },

  stats: {
    denied: 'Este comando es para quien administra el bot.',
    report: (n) =>
      [
        `En espera: ${n.queued}`,
        `En curso: ${n.processing}`,
        `Respondidas: ${n.answered}`,
        `Fallidas: ${n.failed}`,
        `Activo desde hace: ${duration(n.uptime)}`,
      ].join('\n'),
  },

  commands: {
    telegram: {
      start: 'Saludar',
      cartoon: 'Convertir una foto en dibujo animado',
      sticker: 'Convertir una foto en sticker',
      avatar: 'Convertir una foto en foto de perfil',
      style: 'Elegir tu estilo',
      strength: 'Elegir la intensidad del dibujo',
      help: 'Cómo funciona',
      privacy: 'Qué pasa con tus fotos',
      forget: 'Borrar lo que se guarda sobre ti',
      stats: 'Cifras para la administración',
    },
    discord: {
      cartoonize: {
        name: 'dibujar',
        description: 'Convertir una foto en dibujo animado',
        options: {
          image: { name: 'imagen', description: 'La foto' },
          style: { name: 'estilo', description: 'El aspecto que debe tener' },
          strength: { name: 'intensidad', description: 'Intensidad, de 0 (la foto) a 150' },
          as: { name: 'como', description: 'En qué se recorta el dibujo' },
          user: { name: 'usuario', description: 'Dibujar el avatar de este usuario' },
          link: { name: 'enlace', description: 'Enlace a una imagen de Discord' },
          private: { name: 'privado', description: 'Solo tú ves el resultado' },
          spoiler: { name: 'spoiler', description: 'Ocultar el resultado como spoiler' },
          format: { name: 'formato', description: 'Formato de archivo del resultado' },
        },
      },
      style: {
        name: 'estilo',
        description: 'Elegir tu estilo',
        options: { style: { name: 'estilo', description: 'Se usa cuando no indicas otro' } },
      },
      strength: {
        name: 'intensidad',
        description: 'Elegir la intensidad del dibujo',
        options: {
          percent: {
            name: 'porcentaje',
            description: '0 es la foto, 100 como dibuja el estilo, 150 exagera',
          },
        },
      },
      styles: { name: 'estilos', description: 'Ver todos los estilos' },
      help: { name: 'ayuda', description: 'Cómo funciona' },
      privacy: { name: 'privacidad', description: 'Qué pasa con tus fotos' },
      messageMenu: 'Dibujar',
      userMenu: 'Dibujar avatar',
    },
  },

  bot: {
    description:
      'Envía una foto de alguien y recíbela como dibujo animado en segundos. Varios estilos, grupos y álbumes, archivos con toda la calidad. Las fotos se procesan en nuestro propio servidor y se borran poco después; sin anuncios y sin cuenta.',
    about: 'Convierte fotos de personas en dibujos animados. Rápido, gratis y privado.',
  },

  buttons: {
    again: 'Intentar de nuevo',
  },

  web: {
    title: 'dctoon: de foto a dibujo animado',
    tagline: 'Entra una foto, sale un dibujo animado.',
    drop: 'Suelta aquí una foto, pégala o elige un archivo',
    dropNow: 'Suéltala aquí',
    chooseFile: 'Elegir una foto',
    strength: 'Intensidad',
    chooseStyle: 'Estilo',
    language: 'Idioma',
    uploading: 'Subiendo…',
    working: 'Haciendo tu dibujo…',
    downloading: 'Descargando tu dibujo…',
    busy: 'Se están dibujando muchas fotos. La tuya seguirá sola en un momento.',
    queue: queued,
    before: 'Antes',
    after: 'Después',
    compare: 'Comparar antes y después',
    looking: {
      label: 'Vista',
      hold: 'Mantén pulsado para ver la foto',
      side: 'Una al lado de la otra',
      zoomOut: 'Alejar',
      zoomIn: 'Acercar',
      full: 'Pantalla completa',
      leaveFull: 'Salir de pantalla completa',
    },
    samples: {
      lead: '¿No tienes una foto a mano? Prueba una de estas:',
      astronaut: 'Una astronauta',
      pearl: 'La joven de la perla',
      mona: 'La Gioconda',
      failed: 'No se pudo cargar esta foto de ejemplo. Revisa tu conexión e inténtalo de nuevo.',
    },
    styleForAll: 'Usar este estilo en todas las fotos',
    bots: 'También en tus chats',
    download: 'Descargar',
    copy: 'Copiar',
    copied: 'Copiada',
    share: 'Compartir',
    cancel: 'Cancelar',
    again: 'Intentar de nuevo',
    another: 'Otra foto',
    error: 'No funcionó. Inténtalo de nuevo.',
    offline: 'No se puede conectar con el servidor. Revisa tu conexión e inténtalo de nuevo.',
    privacy: ({ keepMinutes }) =>
      keepMinutes === 0
        ? 'Tu foto se queda en este servidor y se borra de él en cuanto tienes el dibujo. Nunca se comparte ni se usa para entrenar.'
        : `Tu foto se queda en este servidor y se borra de él como máximo ${minutes(keepMinutes)} después de terminar el dibujo. Nunca se comparte ni se usa para entrenar.`,
    lead: 'Envía la foto de alguien y mírala redibujada en segundos, a tamaño completo. Sin cuenta ni anuncios.',
    formats: ({ megabytes }) => `JPEG, PNG, WebP, GIF o AVIF, hasta ${megabytes} MB`,
    camera: 'Hacer una foto',
    submit: 'Crear el dibujo',
    photos: 'Tus fotos',
    waitingHere: 'Esperando su turno…',
    ready: 'Tu dibujo está listo.',
    failed: 'No salió bien',
    stopped: 'Cancelado.',
    downloadAll: 'Descargar todas',
    delete: 'Borrar ahora',
    deleteAll: 'Borrar todo',
    drawHere: 'Dibujar en este dispositivo',
    preparing: 'Descargando lo necesario para dibujar, una sola vez…',
    privacyHere: 'Tu foto no sale de este dispositivo: la dibuja tu propio navegador.',
    deletedHere: 'Borrados: la foto y sus dibujos.',
    kept: 'Para que no se pierda nada, este navegador guarda las fotos y los dibujos durante un día, o hasta que los borres.',
    deleted: 'Borrados, aquí y en el servidor: la foto y sus dibujos.',
    copyFailed: 'No se puede copiar en este navegador. Usa Descargar.',
    split: ({ percent }) => `${percent} % dibujo`,
    needKey: 'Este servidor es privado. Escribe su clave para continuar.',
    key: 'Clave',
    useKey: 'Continuar',
    wrongKey: 'Esa clave no es correcta. Compruébala y escríbela otra vez.',
    heic: 'Aquí no se pueden leer fotos HEIC. Guárdala como JPEG y envía esa. En un iPhone: Ajustes > Cámara > Formatos > El más compatible.',
    noScript: 'Esta página funciona mejor con JavaScript. Sin él, el dibujo llega como descarga.',
    problems: {
      notFound: 'En esta dirección no hay nada, o ya se borró.',
      methodNotAllowed: 'Esta dirección no admite ese tipo de petición.',
      keyNeeded: 'Aquí hace falta una clave válida: envíala como Authorization: Bearer CLAVE.',
      crossSite: 'Otros sitios web no pueden enviar fotos aquí.',
      badForm: 'No pude leer la petición. Envía la foto como multipart/form-data, en un campo llamado file.',
      onePhoto: 'Las fotos de una en una, por favor.',
      notReady: 'Este dibujo aún no está listo.',
      slow: 'La subida tardó demasiado. Revisa tu conexión e inténtalo de nuevo.',
      keyReused: 'Esta Idempotency-Key ya llegó con otra foto u otro estilo. Usa una nueva.',
      wrongHost: 'Este servicio no responde con ese nombre de host.',
    },
  },

  errors: {
    unsupported_format: () =>
      'No puedo leer este tipo de archivo. Envía una imagen JPEG, PNG, WebP, GIF o AVIF.',
    heic: () => 'No puedo leer archivos HEIC. Envíala como foto y no como archivo, o en JPEG.',
    too_large: ({ megabytes }) =>
      `El archivo es demasiado grande, el máximo son ${megabytes} MB. Envía uno más pequeño.`,
    too_many_pixels: ({ megapixels }) =>
      `La imagen tiene demasiados píxeles, el máximo son ${megapixels} megapíxeles. Envía una más pequeña.`,
    broken_image: () => 'La imagen parece dañada. Envíala otra vez o prueba con otra.',
    no_photo: () => 'Falta la foto. Añade una, por favor.',
    unknown_style: () => 'No conozco ese estilo. Elige uno de la lista.',
    no_person: () =>
      'No encontré a nadie que recortar en esa foto. Prueba con una en la que salga una persona.',
    download_failed: () => 'No pude recoger tu foto. Envíala otra vez, por favor.',
    queue_full: ({ seconds }) =>
      `Hay tantas fotos esperando que ahora no puedo aceptar otra. ${again(seconds)}`,
    user_limit: ({ limit, seconds }) =>
      `Todavía estoy con ${photos(limit)} tuyas y no puedo con más a la vez. ${again(seconds)}`,
    rate_limited: ({ seconds }) => `Vas demasiado rápido para mí. ${again(seconds)}`,
    wait_too_long: ({ seconds }) =>
      seconds === undefined
        ? `La cola es demasiado larga ahora mismo. ${again()}`
        : `La cola es demasiado larga ahora mismo (aprox. ${duration(seconds)}). ${again()}`,
    shutting_down: () => 'Me estoy reiniciando. Envíala de nuevo dentro de un minuto.',
    storage_full: () => 'Ahora mismo tengo el disco lleno. Inténtalo de nuevo más tarde.',
    cancelled: () => 'Cancelado.',
    expired: () => 'Lo siento, tu foto tuvo que esperar demasiado. Envíala otra vez.',
    timeout: () => 'Lo siento, esta foto tardaba demasiado y la dejé. Prueba con otra.',
    crashed: () => 'Lo siento, algo se rompió mientras dibujaba esta foto. Prueba con otra.',
    internal: () => 'Lo siento, algo falló por mi parte. Inténtalo de nuevo.',
  },
};
