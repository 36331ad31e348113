/** 简体中文. */
import { counted, createFormat } from './format.ts';
import type { Messages } from './messages.ts';

const { duration, list } = createFormat('zh');
const again = (seconds?: number) =>
  seconds === undefined ? '请稍后再试。' : `请大约${duration(seconds)}后再试。`;
const queued = ({ ahead, seconds }: { ahead: number; seconds: number }) =>
  ahead === 0
    ? `下一张就是你的（约${duration(seconds)}）。`
    : `前面还有 ${ahead} 张照片（约${duration(seconds)}）。`;

export const zh: Messages = {
  language: '简体中文',

  start: {
    telegram: '你好！发一张人物照片给我，我把它变成卡通画。\n\n用 /style 选择风格，更多玩法见 /help。',
  },
  help: {
    onDevice: ({ url }: { url: string }) => `• 在 ${url}，照片不会离开你的设备：由浏览器自己绘制。`,
    telegram: [
      '我可以这样用：',
      '• 发照片，我会回复卡通画。',
      '• 以文件形式发送，就会收到完整画质的文件。',
      '• 发相册，每一张都会画。',
      '• 在群里：在照片说明里写 /cartoon，用 /cartoon 回复一张照片，或者@我。',
      '• /style 设置你的风格；卡通画下面的按钮可以换一种风格重画。',
      '• /privacy 说明你的照片会怎样处理。',
      '• /forget 删除保存的关于你的数据。',
    ].join('\n'),
    discord: [
      '我可以这样用：',
      '• /卡通化 可以画你的图片，或某位用户的头像。',
      '• 在消息菜单中选择“应用 > 卡通化”，会画出其中所有图片。',
      '• 把照片私信给我，或者@我并附上照片。',
      '• /风格列表 显示所有风格；卡通画下面的菜单可以换一种风格重画。',
      '• /隐私 说明你的照片会怎样处理，也可以在那里删除保存的关于你的数据。',
    ].join('\n'),
  },
  forget: {
    label: '删除我的数据',
    byCommand: '• /forget 会立即删除你的设置和这里的照片，包括还在等待的照片。',
    byButton: '• 下面的按钮会立即删除你的设置和这里的照片，包括还在等待的照片。',
    done: ({ hasStyle, hasStrength = false, hints, photos, originals = 0, replies = 0 }) =>
      counted('已删除：', '没有保存任何与你有关的内容。', [
        [hasStyle ? 1 : 0, '你选择的风格'],
        [hasStrength ? 1 : 0, '你选择的强度'],
        [hints, `已显示过的提示：${hints}`],
        [photos, `正在等待或绘制的照片：${photos}`],
        [originals, `保留的原图：${originals}`],
        [replies, `回复记录：${replies}`],
      ]),
  },
  privacy: ({ keepMinutes }) =>
    [
      '你的照片始终属于你：',
      '• 只在这台服务器上处理，不会交给任何人。',
      keepMinutes === 0
        ? '• 回复之后，照片和卡通画立即从这台服务器上删除。'
        : `• 最迟在回复之后 ${keepMinutes} 分钟，照片和卡通画就会从这台服务器上删除。`,
      '• 卡通画里不带位置，也不带其他元数据。',
      '• 绝不用于训练。',
      '• 我会记住你的设置（比如风格），以及用户、消息和已完成卡通画的 ID，以免重复回复；不保存任何图片。',
    ].join('\n'),

  style: {
    pick: ({ current }) => `你现在的风格是${current}。想换哪一种？`,
    set: ({ style }) => `你的风格已改为${style}。`,
    another: '换个风格',
    all: '所有风格如下：',
  },

  strength: {
    pick: ({ percent }) =>
      `你现在的强度是 ${percent}%。0% 是原照片，100% 是风格本来的样子，150% 更夸张。更改请发送：/strength 80`,
    set: ({ percent }) => `你的强度已改为 ${percent}%。`,
    wrong: '强度是 0 到 150 之间的整数，例如 /strength 80。',
  },

  shapes: {
    photo: '整张照片',
    sticker: '贴纸',
    avatar: '头像',
    emoji: '表情',
    cutout: '抠图',
  },

  stickers: {
    add: '添加到我的贴纸',
    added: ({ link }) => `已添加到你的贴纸：${link}\n它应该对应哪个表情？`,
    already: '这张已经在你的贴纸里了。',
    startFirst: ({ bot }) => `Telegram 只允许我为与我开始过对话的人制作贴纸：https://t.me/${bot}`,
    failed: 'Telegram 没有接受这张贴纸，请稍后再试。',
    yours: '这是你的一张贴纸。它应该对应哪个表情，还是要删除它？',
    remove: '删除这张贴纸',
    removed: '已从你的贴纸中删除。',
    emojiSet: ({ emoji }) => `它现在对应 ${emoji}`,
    gone: '这张贴纸已不在你的贴纸包里了。',
  },

  expressions: {
    add: '添加到此服务器',
    emojiAdded: ({ name }) => `已添加：:${name}:`,
    stickerAdded: ({ name }) => `已添加到此服务器的贴纸：${name}`,
    youMayNot: '你需要“创建表达”权限才能这样做。',
    iMayNot: '我需要“创建表达”权限才能这样做。',
    byHand: '手动操作：保存图片，然后在服务器设置 > 表情或贴纸中上传。',
    full: '此服务器已没有空位。',
    failed: 'Discord 没有接受，请稍后再试。',
  },

  cancel: {
    label: '取消',
    done: '已取消。',
    tooLate: '来不及取消了，已经画好了。',
    onlyRequester: '只有发起这张卡通画的人才能这样做。',
  },

  status: {
    queued,
    working: ({ seconds }) => `正在画你的卡通画……（约${duration(seconds)}）`,
    restarting: '我正在重启。你的照片已保存，卡通画马上就来。',
    album: ({ done, total }) => `正在画你的相册：${total} 张照片，已完成 ${done} 张。`,
    face: ({ number, total }) => `正在画第 ${number} 张脸，共 ${total} 张……`,
    stages: {
      decode: '正在打开照片……',
      faces: '正在寻找人脸……',
      style: '正在绘画……',
      blend: '正在拼合画面……',
      encode: '马上就好……',
    },
  },

  result: {
    alt: ({ style }) => `照片变成的卡通画，风格：${style}`,
    noFace: '没有找到人脸，所以画了整张图片。脸大一点、光线好一点，效果最好。',
    smaller: ({ width, height }) => `照片太大，无法保持原尺寸：卡通画为 ${width} × ${height} 像素。`,
    damaged: '文件末尾缺失，我画了现有的部分。',
    faces: ({ count }) => (count === 1 ? '找到 1 张脸，已经画好。' : `找到 ${count} 张脸，全都画好了。`),
  },

  input: {
    video: '我还不会画视频。请发一张照片，或者精彩瞬间的截图。',
    animation: '我还不会画动图。请发一张静态照片。',
    sticker: '我不会画动态贴纸。普通贴纸和照片都可以。',
    notAPicture: '我不认识这种文件。支持 JPEG、PNG、WebP、GIF 和 AVIF 图片。',
    sendPhoto: '发一张人物照片给我，我把它变成卡通画。',
    mention: '@我的时候附上一张照片，我把它变成卡通画。',
    replyWithCommand: '请在照片说明里写 /cartoon，或用 /cartoon 回复一张照片。',
    useApps: '我在这里看不到那张照片。请打开那条消息的菜单，选择“应用 > 卡通化”。',
    linkNotAllowed: '我只打开 Discord 上的图片链接。请直接上传图片。',
    sourceGone: '那张照片已经不在了，请再发一次。',
  },

  permissions: {
    missing: ({ names }) => `我无法在这里回复，缺少权限：${list(names)}。`,
    names: {
      viewChannel: '查看频道',
      sendMessages: '发送消息',
      attachFiles: '附加文件',
    },
  },

  delivery: {
    autoMod: '本服务器的 AutoMod 规则拦截了我的回复。',
    tooLarge: '卡通画太大，无法在这里发送。请换一张小一点的照片。',
    failed: '卡通画已经画好，但没能发出去。请再试一次。',
  },

  stats: {
    denied: '这个命令仅供机器人的管理员使用。',
    report: (n) =>
      [
        `等待中：${n.queued}`,
        `处理中：${n.processing}`,
        `已回复：${n.answered}`,
        `失败：${n.failed}`,
        `已运行：${duration(n.uptime)}`,
      ].join('\n'),
  },

  commands: {
    telegram: {
      start: '打个招呼',
      cartoon: '把照片变成卡通画',
      sticker: '把照片变成贴纸',
      avatar: '把照片变成头像',
      style: '选择风格',
      strength: '设置卡通的强度',
      help: '使用说明',
      privacy: '你的照片会怎样处理',
      forget: '删除保存的关于你的数据',
      stats: '管理员统计',
    },
    discord: {
      cartoonize: {
        name: '卡通化',
        description: '把照片变成卡通画',
        options: {
          image: { name: '图片', description: '要画的照片' },
          style: { name: '风格', description: '画成什么样子' },
          strength: { name: '强度', description: '从 0（原照片）到 150' },
          as: { name: '用途', description: '卡通裁成什么' },
          user: { name: '用户', description: '画这位用户的头像' },
          link: { name: '链接', description: 'Discord 上图片的链接' },
          private: { name: '私密', description: '结果只有你能看到' },
          spoiler: { name: '剧透', description: '把结果隐藏为剧透内容' },
          format: { name: '格式', description: '结果的文件格式' },
        },
      },
      style: {
        name: '风格',
        description: '选择风格',
        options: { style: { name: '风格', description: '没有另外指定时使用' } },
      },
      strength: {
        name: '强度',
        description: '卡通画得有多强烈',
        options: { percent: { name: '百分比', description: '0 是原照片，100 是风格本来的样子，150 更夸张' } },
      },
      styles: { name: '风格列表', description: '显示所有风格' },
      help: { name: '帮助', description: '使用说明' },
      privacy: { name: '隐私', description: '你的照片会怎样处理' },
      messageMenu: '卡通化',
      userMenu: '头像卡通化',
    },
  },

  bot: {
    description:
      '发一张人物照片，几秒钟就能收到卡通画。多种风格，支持群组和相册，可获得完整画质的文件。照片只在我们自己的服务器上处理，随后很快删除；没有广告，无需注册。',
    about: '把人物照片变成卡通画。快速、免费、保护隐私。',
  },

  buttons: {
    again: '再试一次',
  },

  web: {
    title: 'dctoon：照片变卡通',
    tagline: '放入照片，收获卡通。',
    drop: '把照片拖到这里，粘贴，或选择文件',
    dropNow: '松手放在这里',
    chooseFile: '选择照片',
    strength: '强度',
    chooseStyle: '风格',
    language: '语言',
    uploading: '正在上传……',
    working: '正在画你的卡通画……',
    downloading: '正在取回你的卡通画…',
    busy: '现在画的照片很多，你的照片稍后会自动继续。',
    queue: queued,
    before: '原图',
    after: '卡通',
    compare: '对比原图和卡通',
    looking: {
      label: '查看',
      hold: '按住查看原图',
      side: '并排',
      zoomOut: '缩小',
      zoomIn: '放大',
      full: '全屏',
      leaveFull: '退出全屏',
    },
    samples: {
      lead: '手边没有照片？试试这些：',
      astronaut: '宇航员',
      pearl: '戴珍珠耳环的少女',
      mona: '蒙娜丽莎',
      failed: '无法加载这张示例照片。请检查网络后重试。',
    },
    styleForAll: '所有照片都用这个风格',
    bots: '也可以在聊天中使用',
    download: '下载',
    copy: '复制',
    copied: '已复制',
    share: '分享',
    cancel: '取消',
    again: '再试一次',
    another: '再来一张',
    error: '没有成功，请再试一次。',
    offline: '无法连接服务器。请检查网络后再试。',
    privacy: ({ keepMinutes }) =>
      `你的照片只留在这台服务器上，${
        keepMinutes === 0 ? '卡通画送达后立即' : `最迟在卡通画完成后 ${keepMinutes} 分钟`
      }删除。绝不外传，也不用于训练。`,
    lead: '发来一张人物照片，几秒钟就能看到原尺寸的卡通画。无需注册，没有广告。',
    formats: ({ megabytes }) => `JPEG、PNG、WebP、GIF 或 AVIF，最大 ${megabytes} MB`,
    camera: '拍照',
    submit: '开始画',
    photos: '你的照片',
    waitingHere: '正在等待……',
    ready: '你的卡通画好了。',
    failed: '失败',
    stopped: '已取消。',
    downloadAll: '全部下载',
    delete: '立即删除',
    deleteAll: '全部删除',
    drawHere: '在此设备上绘制',
    preparing: '正在获取绘制所需的文件，仅此一次…',
    privacyHere: '照片不会离开此设备：由你的浏览器自己绘制。',
    deletedHere: '已删除：这张照片及其所有卡通图。',
    kept: '为免丢失，照片和卡通画会在此浏览器中保留一天，或保留到你删除为止。',
    deleted: '已从此页面和服务器删除:这张照片及其所有卡通图。',
    copyFailed: '这个浏览器无法复制，请改用下载。',
    split: ({ percent }) => `卡通 ${percent}%`,
    needKey: '这是私人服务器，请输入密钥。',
    key: '密钥',
    useKey: '继续',
    wrongKey: '这个密钥不对，请检查后重新输入。',
    heic: '这里无法读取 HEIC 照片。请存成 JPEG 再发送。iPhone：设置 > 相机 > 格式 > 兼容性最佳。',
    noScript: '启用 JavaScript 后功能更多。不启用时，卡通画会以下载方式返回。',
    problems: {
      notFound: '这个地址没有内容，或者已经删除。',
      methodNotAllowed: '这个地址不接受这种请求。',
      keyNeeded: '这里需要有效的密钥：请用 Authorization: Bearer 密钥 发送。',
      crossSite: '其他网站不能向这里发送照片。',
      badForm: '无法读取这个请求。请用 multipart/form-data 发送照片，字段名为 file。',
      onePhoto: '请一次只发一张照片。',
      notReady: '这张卡通画还没有画好。',
      slow: '上传时间太长。请检查网络后再试。',
      keyReused: '这个 Idempotency-Key 之前用于另一张照片或另一种风格。请换一个新的。',
      wrongHost: '此服务不使用该主机名。',
    },
  },

  errors: {
    unsupported_format: () => '我读不了这种文件。请发 JPEG、PNG、WebP、GIF 或 AVIF 图片。',
    heic: () => '我读不了 HEIC 文件。请以照片而不是文件的形式发送，或转成 JPEG。',
    too_large: ({ megabytes }) => `文件太大，上限是 ${megabytes} MB。请发小一点的。`,
    too_many_pixels: ({ megapixels }) => `图片的像素太多，上限是 ${megapixels * 100} 万像素。请发小一点的。`,
    broken_image: () => '图片好像损坏了。请再发一次，或换一张。',
    no_photo: () => '这里没有照片，请加上一张。',
    unknown_style: () => '我不认识这种风格，请从列表里选一个。',
    no_person: () => '这张照片里没有找到可以抠出来的人。请换一张有人的照片。',
    download_failed: () => '没能取到你的照片，请再发一次。',
    queue_full: ({ seconds }) => `排队的照片太多，暂时收不下了。${again(seconds)}`,
    user_limit: ({ limit, seconds }) => `你还有 ${limit} 张照片正在处理，不能再多了。${again(seconds)}`,
    rate_limited: ({ seconds }) => `太快了，我跟不上。${again(seconds)}`,
    wait_too_long: ({ seconds }) =>
      seconds === undefined
        ? `现在排队太长了。${again()}`
        : `现在排队太长了（约${duration(seconds)}）。${again()}`,
    shutting_down: () => '我正在重启，请一分钟后再发。',
    storage_full: () => '我的磁盘满了，请稍后再试。',
    cancelled: () => '已取消。',
    expired: () => '抱歉，你的照片等得太久了，请再发一次。',
    timeout: () => '抱歉，这张照片花的时间太长，我停下了。请换一张试试。',
    crashed: () => '抱歉，画这张照片时出了问题。请换一张试试。',
    internal: () => '抱歉，我这边出了点问题。请再试一次。',
  },
};
