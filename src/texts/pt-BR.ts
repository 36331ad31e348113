/** Português (Brasil). */
import { counted, createFormat } from './format.ts';
import type { Messages } from './messages.ts';

const { plural, duration, list } = createFormat('pt-BR');
const photos = (count: number) => plural(count, { one: '# foto', other: '# fotos' });
const minutes = (count: number) => plural(count, { one: '# minuto', other: '# minutos' });
const again = (seconds?: number) =>
  seconds === undefined
    ? 'Tente de novo mais tarde.'
    : `Tente de novo daqui a cerca de ${duration(seconds)}, por favor.`;
const queued = ({ ahead, seconds }: { ahead: number; seconds: number }) =>
  ahead === 0
    ? `A sua é a próxima (cerca de ${duration(seconds)}).`
    : `${photos(ahead)} na frente da sua (cerca de ${duration(seconds)}).`;

export const ptBR: Messages = {
  language: 'Português (Brasil)',

  start: {
    telegram:
      'Oi! Mande uma foto de alguém e eu transformo em cartoon.\n\nEscolha o estilo com /style. Mais em /help.',
  },
  help: {
    onDevice: ({ url }: { url: string }) =>
      `• Em ${url} sua foto não sai do seu aparelho: lá quem desenha é o seu navegador.`,
    telegram: [
      'O que eu faço:',
      '• Mande uma foto e o cartoon chega como resposta.',
      '• Mande como arquivo e receba um arquivo com qualidade total.',
      '• Mande um álbum e eu desenho todas as fotos.',
      '• Em grupos: escreva /cartoon na legenda da foto, responda a uma foto com /cartoon ou me mencione.',
      '• /style define o seu estilo; os botões embaixo de um cartoon desenham em outro.',
      '• /privacy conta o que acontece com as suas fotos.',
      '• /forget apaga o que está guardado sobre você.',
    ].join('\n'),
    discord: [
      'O que eu faço:',
      '• /cartunizar desenha a sua imagem ou o avatar de um usuário.',
      '• Aplicativos > Cartunizar, no menu de uma mensagem, desenha todas as imagens dela.',
      '• Mande uma foto por mensagem direta ou me mencione com uma.',
      '• /estilos mostra todos; o menu embaixo de um cartoon desenha em outro.',
      '• /privacidade conta o que acontece com as suas fotos e permite apagar o que está guardado sobre você.',
    ].join('\n'),
  },
  forget: {
    label: 'Apagar meus dados',
    byCommand:
      '• /forget apaga na hora as suas configurações e as suas fotos daqui, inclusive as que ainda esperam.',
    byButton:
      '• O botão abaixo apaga na hora as suas configurações e as suas fotos daqui, inclusive as que ainda esperam.',
    done: ({ hasStyle, hasStrength = false, hints, photos, originals = 0, replies = 0 }) =>
      counted('Apagado:', 'Não havia nada guardado sobre você.', [
        [hasStyle ? 1 : 0, 'o estilo que você escolheu'],
        [hasStrength ? 1 : 0, 'a intensidade que você escolheu'],
        [hints, `dicas já mostradas: ${hints}`],
        [photos, `fotos em espera ou sendo desenhadas: ${photos}`],
        [originals, `originais guardados: ${originals}`],
        [replies, `notas sobre respostas: ${replies}`],
      ]),
  },
  privacy: ({ keepMinutes }) =>
    [
      'Suas fotos são suas:',
      '• São processadas neste servidor e não vão para mais ninguém.',
      keepMinutes === 0
        ? '• A foto e o cartoon são apagados deste servidor logo depois da resposta.'
        : `• A foto e o cartoon são apagados deste servidor no máximo ${minutes(keepMinutes)} depois da resposta.`,
      '• O cartoon não leva a localização nem outros metadados.',
      '• Nunca são usadas para treinar nada.',
      '• Guardo as suas configurações, como o seu estilo, e os IDs de usuários, mensagens e cartoons prontos, para não responder nada duas vezes; nenhuma imagem.',
    ].join('\n'),

  style: {
    pick: ({ current }) => `Seu estilo é ${current}. Qual você quer?`,
    set: ({ style }) => `Agora o seu estilo é ${style}.`,
    another: 'Outro estilo',
    all: 'Estes são os estilos:',
  },

  strength: {
    pick: ({ percent }) =>
      `Sua intensidade é de ${percent}%. 0% é a foto, 100% é como o estilo desenha e 150% exagera. Para mudar: /strength 80`,
    set: ({ percent }) => `Agora a sua intensidade é de ${percent}%.`,
    wrong: 'A intensidade é um número inteiro de 0 a 150, por exemplo /strength 80.',
  },

  shapes: {
    photo: 'Foto inteira',
    sticker: 'Figurinha',
    avatar: 'Foto de perfil',
    emoji: 'Emoji',
    cutout: 'Recorte',
  },

  stickers: {
    add: 'Adicionar aos meus stickers',
    added: ({ link }) => `Adicionado aos seus stickers: ${link}\nQual emoji ele deve representar?`,
    already: 'Este já está nos seus stickers.',
    startFirst: ({ bot }) =>
      `O Telegram só me deixa criar stickers para quem iniciou uma conversa comigo: https://t.me/${bot}`,
    failed: 'O Telegram não aceitou o sticker. Tente de novo mais tarde.',
    yours: 'Um dos seus stickers. Qual emoji ele deve representar, ou devo removê-lo?',
    remove: 'Remover este sticker',
    removed: 'Removido dos seus stickers.',
    emojiSet: ({ emoji }) => `Agora ele representa ${emoji}`,
    gone: 'Esse sticker não está mais no seu pacote.',
  },

  expressions: {
    add: 'Adicionar a este servidor',
    emojiAdded: ({ name }) => `Adicionado: :${name}:`,
    stickerAdded: ({ name }) => `Adicionado aos stickers deste servidor: ${name}`,
    youMayNot: 'Para isso você precisa da permissão Criar expressões.',
    iMayNot: 'Para isso eu preciso da permissão Criar expressões.',
    byHand: 'À mão: salve a imagem e envie-a em Configurações do servidor > Emojis ou Stickers.',
    full: 'Não cabem mais neste servidor.',
    failed: 'O Discord não aceitou. Tente de novo mais tarde.',
  },

  cancel: {
    label: 'Cancelar',
    done: 'Cancelado.',
    tooLate: 'Não dá mais para cancelar: já está pronto.',
    onlyRequester: 'Só quem pediu este cartoon pode fazer isso.',
  },

  status: {
    queued,
    working: ({ seconds }) => `Desenhando o seu cartoon… (cerca de ${duration(seconds)})`,
    restarting: 'Estou reiniciando. Sua foto está guardada e o cartoon já chega.',
    album: ({ done, total }) =>
      plural(total, {
        one: `Desenhando o seu álbum: ${done} de # foto pronta.`,
        other: `Desenhando o seu álbum: ${done} de # fotos prontas.`,
      }),
    face: ({ number, total }) => `Desenhando o rosto ${number} de ${total}…`,
    stages: {
      decode: 'Abrindo a foto…',
      faces: 'Procurando rostos…',
      style: 'Desenhando…',
      blend: 'Juntando as partes…',
      encode: 'Finalizando…',
    },
  },

  result: {
    alt: ({ style }) => `Foto transformada em cartoon, estilo: ${style}`,
    noFace:
      'Não encontrei nenhum rosto, então desenhei a imagem inteira. Rostos grandes e bem iluminados ficam melhores.',
    smaller: ({ width, height }) =>
      `A foto era grande demais para manter o tamanho: o desenho tem ${width} × ${height} pixels.`,
    damaged: 'Falta o fim do arquivo. Desenhei o que havia.',
    faces: ({ count }) =>
      plural(count, {
        one: 'Encontrei # rosto e o desenhei.',
        other: 'Encontrei # rostos e desenhei todos.',
      }),
  },

  input: {
    video: 'Ainda não sei desenhar vídeos. Mande uma foto ou um print do melhor momento.',
    animation: 'Ainda não sei desenhar animações. Mande uma foto parada.',
    sticker: 'Não consigo desenhar figurinhas animadas. Figurinhas comuns e fotos funcionam.',
    notAPicture: 'Esse arquivo não é uma imagem que eu conheça. Pode ser JPEG, PNG, WebP, GIF ou AVIF.',
    sendPhoto: 'Mande uma foto de alguém e eu transformo em cartoon.',
    mention: 'Me mencione junto com uma foto e eu transformo em cartoon.',
    replyWithCommand: 'Escreva /cartoon na legenda de uma foto ou responda a uma com /cartoon.',
    useApps:
      'Daqui não consigo ver essa foto. Abra o menu da mensagem dela e escolha Aplicativos > Cartunizar.',
    linkNotAllowed: 'Só abro links de imagens do Discord. Envie a imagem, por favor.',
    sourceGone: 'Não tenho mais essa foto. Mande de novo, por favor.',
  },

  permissions: {
    missing: ({ names }) => `Não consigo responder aqui. Falta: ${list(names)}.`,
    names: {
      viewChannel: 'Ver canal',
      sendMessages: 'Enviar mensagens',
      attachFiles: 'Anexar arquivos',
    },
  },

  delivery: {
    autoMod: 'As regras do AutoMod deste servidor bloquearam a minha resposta.',
    tooLarge: 'O cartoon é grande demais para ser enviado aqui. Tente uma foto menor.',
    failed: 'O cartoon está pronto, mas não deu para enviar. Tente de novo.',
  },

  stats: {
    denied: 'Este comando é para quem administra o bot.',
    report: (n) =>
      [
        `Na fila: ${n.queued}`,
        `Em andamento: ${n.processing}`,
        `Respondidas: ${n.answered}`,
        `Com falha: ${n.failed}`,
        `No ar há: ${duration(n.uptime)}`,
      ].join('\n'),
  },

  commands: {
    telegram: {
      start: 'Dizer oi',
      cartoon: 'Transformar uma foto em cartoon',
      sticker: 'Transformar uma foto em figurinha',
      avatar: 'Transformar uma foto em foto de perfil',
      style: 'Escolher o seu estilo',
      strength: 'Escolher a intensidade do desenho',
      help: 'Como funciona',
      privacy: 'O que acontece com as suas fotos',
      forget: 'Apagar o que está guardado sobre você',
      stats: 'Números para a administração',
    },
    discord: {
      cartoonize: {
        name: 'cartunizar',
        description: 'Transformar uma foto em cartoon',
        options: {
          image: { name: 'imagem', description: 'A foto' },
          style: { name: 'estilo', description: 'Como deve ficar' },
          strength: { name: 'intensidade', description: 'Intensidade, de 0 (a foto) a 150' },
          as: { name: 'como', description: 'Em que o cartoon é recortado' },
          user: { name: 'usuário', description: 'Desenhar o avatar deste usuário' },
          link: { name: 'link', description: 'Link de uma imagem no Discord' },
          private: { name: 'privado', description: 'Só você vê o resultado' },
          spoiler: { name: 'spoiler', description: 'Esconder o resultado como spoiler' },
          format: { name: 'formato', description: 'Formato do arquivo do resultado' },
        },
      },
      style: {
        name: 'estilo',
        description: 'Escolher o seu estilo',
        options: { style: { name: 'estilo', description: 'Usado quando você não diz outro' } },
      },
      strength: {
        name: 'intensidade',
        description: 'Escolher a intensidade do desenho',
        options: {
          percent: { name: 'porcentagem', description: '0 é a foto, 100 como o estilo desenha, 150 exagera' },
        },
      },
      styles: { name: 'estilos', description: 'Mostrar todos os estilos' },
      help: { name: 'ajuda', description: 'Como funciona' },
      privacy: { name: 'privacidade', description: 'O que acontece com as suas fotos' },
      messageMenu: 'Cartunizar',
      userMenu: 'Cartunizar avatar',
    },
  },

  bot: {
    description:
      'Mande uma foto de alguém e receba de volta como cartoon em segundos. Vários estilos, grupos e álbuns, arquivos com qualidade total. As fotos são processadas no nosso próprio servidor e apagadas pouco depois; sem anúncios e sem cadastro.',
    about: 'Transforma fotos de pessoas em cartoons. Rápido, grátis e privado.',
  },

  buttons: {
    again: 'Tentar de novo',
  },

  web: {
    title: 'dctoon: fotos viram cartoons',
    tagline: 'Entra uma foto, sai um cartoon.',
    drop: 'Solte uma foto aqui, cole ou escolha um arquivo',
    dropNow: 'Solte aqui',
    chooseFile: 'Escolher uma foto',
    strength: 'Intensidade',
    chooseStyle: 'Estilo',
    language: 'Idioma',
    uploading: 'Enviando…',
    working: 'Desenhando o seu cartoon…',
    downloading: 'Baixando o seu cartoon…',
    busy: 'Há muitas fotos sendo desenhadas. A sua continua sozinha daqui a pouco.',
    queue: queued,
    before: 'Antes',
    after: 'Depois',
    compare: 'Comparar antes e depois',
    looking: {
      label: 'Visualização',
      hold: 'Segure para ver a foto',
      side: 'Lado a lado',
      zoomOut: 'Afastar',
      zoomIn: 'Aproximar',
      full: 'Tela cheia',
      leaveFull: 'Sair da tela cheia',
    },
    samples: {
      lead: 'Sem foto à mão? Experimente uma destas:',
      astronaut: 'Uma astronauta',
      pearl: 'Moça com Brinco de Pérola',
      mona: 'A Mona Lisa',
      failed: 'Não foi possível carregar esta foto de exemplo. Verifique sua conexão e tente de novo.',
    },
    styleForAll: 'Usar este estilo em todas as fotos',
    bots: 'Também nas suas conversas',
    download: 'Baixar',
    copy: 'Copiar',
    copied: 'Copiado',
    share: 'Compartilhar',
    cancel: 'Cancelar',
    again: 'Tentar de novo',
    another: 'Outra foto',
    error: 'Não deu certo. Tente de novo.',
    offline: 'Não foi possível falar com o servidor. Verifique a sua conexão e tente de novo.',
    privacy: ({ keepMinutes }) =>
      keepMinutes === 0
        ? 'Sua foto fica neste servidor e é apagada dele assim que você recebe o cartoon. Ela nunca é compartilhada nem usada para treinamento.'
        : `Sua foto fica neste servidor e é apagada dele no máximo ${minutes(keepMinutes)} depois de o cartoon ficar pronto. Ela nunca é compartilhada nem usada para treinamento.`,
    lead: 'Envie a foto de alguém e veja ela redesenhada em segundos, no tamanho original. Sem conta, sem anúncios.',
    formats: ({ megabytes }) => `JPEG, PNG, WebP, GIF ou AVIF, até ${megabytes} MB`,
    camera: 'Tirar uma foto',
    submit: 'Criar o cartoon',
    photos: 'Suas fotos',
    waitingHere: 'Esperando a vez…',
    ready: 'Seu cartoon está pronto.',
    failed: 'Falhou',
    stopped: 'Cancelado.',
    downloadAll: 'Baixar todos',
    delete: 'Apagar agora',
    deleteAll: 'Apagar tudo',
    drawHere: 'Desenhar neste aparelho',
    preparing: 'Baixando o que é preciso para desenhar, uma única vez…',
    privacyHere: 'Sua foto não sai deste aparelho: é o seu navegador que a desenha.',
    deletedHere: 'Apagados: a foto e os cartoons.',
    kept: 'Para nada se perder, este navegador guarda as fotos e os cartoons por um dia, ou até você apagar.',
    deleted: 'Apagados, aqui e no servidor: a foto e os cartoons.',
    copyFailed: 'Não foi possível copiar neste navegador. Use Baixar.',
    split: ({ percent }) => `${percent} % cartoon`,
    needKey: 'Este servidor é privado. Digite a chave dele para continuar.',
    key: 'Chave',
    useKey: 'Continuar',
    wrongKey: 'Essa chave não está certa. Confira e digite de novo.',
    heic: 'Fotos HEIC não podem ser lidas aqui. Salve como JPEG e envie essa. No iPhone: Ajustes > Câmera > Formatos > Mais Compatível.',
    noScript: 'Esta página funciona melhor com JavaScript. Sem ele, o cartoon vem como download.',
    problems: {
      notFound: 'Não há nada neste endereço, ou já foi apagado.',
      methodNotAllowed: 'Este endereço não aceita esse tipo de pedido.',
      keyNeeded: 'É preciso uma chave válida aqui: envie como Authorization: Bearer CHAVE.',
      crossSite: 'Outros sites não podem enviar fotos para cá.',
      badForm: 'Não consegui ler o pedido. Envie a foto como multipart/form-data, em um campo chamado file.',
      onePhoto: 'Uma foto de cada vez, por favor.',
      notReady: 'Este cartoon ainda não está pronto.',
      slow: 'O envio demorou demais. Verifique a sua conexão e tente de novo.',
      keyReused: 'Esta Idempotency-Key já veio com outra foto ou outro estilo. Use uma nova.',
      wrongHost: 'Este serviço não responde por esse nome de host.',
    },
  },

  errors: {
    unsupported_format: () =>
      'Não consigo ler esse tipo de arquivo. Mande uma imagem JPEG, PNG, WebP, GIF ou AVIF.',
    heic: () => 'Não consigo ler arquivos HEIC. Mande como foto em vez de arquivo, ou em JPEG.',
    too_large: ({ megabytes }) => `O arquivo é grande demais, o limite é ${megabytes} MB. Mande um menor.`,
    too_many_pixels: ({ megapixels }) =>
      `A imagem tem pixels demais, o limite é ${megapixels} megapixels. Mande uma menor.`,
    broken_image: () => 'A imagem parece danificada. Mande de novo ou tente outra.',
    no_photo: () => 'Faltou a foto. Adicione uma, por favor.',
    unknown_style: () => 'Não conheço esse estilo. Escolha um da lista.',
    no_person: () => 'Não encontrei ninguém para recortar nessa foto. Tente uma com uma pessoa.',
    download_failed: () => 'Não consegui buscar a sua foto. Mande de novo, por favor.',
    queue_full: ({ seconds }) =>
      `Tem tanta foto esperando que não posso aceitar mais uma agora. ${again(seconds)}`,
    user_limit: ({ limit, seconds }) =>
      `Ainda estou trabalhando em ${photos(limit)} suas e não consigo mais ao mesmo tempo. ${again(seconds)}`,
    rate_limited: ({ seconds }) => `Foi um pouco rápido demais para mim. ${again(seconds)}`,
    wait_too_long: ({ seconds }) =>
      seconds === undefined
        ? `A fila está longa demais agora. ${again()}`
        : `A fila está longa demais agora (cerca de ${duration(seconds)}). ${again()}`,
    shutting_down: () => 'Estou reiniciando. Mande de novo daqui a um minuto.',
    storage_full: () => 'Meu disco está cheio agora. Tente de novo mais tarde.',
    cancelled: () => 'Cancelado.',
    expired: () => 'Desculpe, sua foto teve que esperar demais. Mande de novo.',
    timeout: () => 'Desculpe, essa foto demorou demais e eu parei. Tente outra.',
    crashed: () => 'Desculpe, algo quebrou enquanto eu desenhava essa foto. Tente outra.',
    internal: () => 'Desculpe, algo deu errado por aqui. Tente de novo.',
  },
};
