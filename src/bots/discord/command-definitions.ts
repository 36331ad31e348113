/** The commands as Discord registers them, in seven languages. */
import {
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationIntegrationType,
  Locale as DiscordLocale,
  InteractionContextType,
  type LocalizationMap,
  type RESTPostAPIApplicationCommandsJSONBody,
} from 'discord.js';
import { STRENGTH } from '../../inference/drawing/strength.ts';
import { SHAPES, type Style } from '../../inference/types.ts';
import { createTexts, LOCALES, type Locale, type Texts } from '../../texts/index.ts';

/** Discord's names of our languages; English is the default and needs none. */
const DISCORD_LOCALES: Readonly<Record<Exclude<Locale, 'en'>, readonly DiscordLocale[]>> = {
  zh: [DiscordLocale.ChineseCN],
  es: [DiscordLocale.SpanishES, DiscordLocale.SpanishLATAM],
  'pt-BR': [DiscordLocale.PortugueseBR],
  ru: [DiscordLocale.Russian],
  de: [DiscordLocale.German],
  uk: [DiscordLocale.Ukrainian],
};
/** Choices of one option. */
const MAX_CHOICES = 25;

/** One text in all languages. */
type Pick = (texts: Texts) => string;

function localizations(pick: Pick): LocalizationMap {
  const map: LocalizationMap = {};
  for (const locale of LOCALES) {
    if (locale === 'en') continue;
    for (const name of DISCORD_LOCALES[locale]) map[name] = pick(createTexts(locale));
  }
  return map;
}

function names(pick: Pick) {
  return { name: pick(createTexts('en')), name_localizations: localizations(pick) };
}

function named(pick: (texts: Texts) => { readonly name: string; readonly description: string }) {
  return {
    ...names((texts) => pick(texts).name),
    description: pick(createTexts('en')).description,
    description_localizations: localizations((texts) => pick(texts).description),
  };
}

function styleChoices(styles: readonly Style[]) {
  return styles.slice(0, MAX_CHOICES).map((style) => ({
    ...names((texts) => texts.styleTitle(style).slice(0, 100)),
    value: style.id,
  }));
}

function shapeChoices() {
  return SHAPES.map((shape) => ({ ...names((texts) => texts.shapes[shape]), value: shape }));
}

/**
 * Names a person's client sends back are the English ones, whatever the language shown; the dispatcher compares
 * with these.
 */
export function commandNames() {
  const { discord } = createTexts('en').commands;
  return {
    cartoonize: discord.cartoonize.name,
    style: discord.style.name,
    strength: discord.strength.name,
    styles: discord.styles.name,
    help: discord.help.name,
    privacy: discord.privacy.name,
    messageMenu: discord.messageMenu,
    userMenu: discord.userMenu,
  };
}

/** Every command, usable everywhere: servers, direct messages, group chats; installed by a server or by a person. */
export function commandDefinitions(styles: readonly Style[]): RESTPostAPIApplicationCommandsJSONBody[] {
  const everywhere = {
    contexts: [
      InteractionContextType.Guild,
      InteractionContextType.BotDM,
      InteractionContextType.PrivateChannel,
    ],
    integration_types: [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall],
  };
  const slash = { ...everywhere, type: ApplicationCommandType.ChatInput } as const;
  const { String: text, Boolean: flag, Integer, User, Attachment } = ApplicationCommandOptionType;
  const percent = { min_value: STRENGTH.least, max_value: STRENGTH.most };
  const option = (name: keyof Texts['commands']['discord']['cartoonize']['options']) =>
    named((texts) => texts.commands.discord.cartoonize.options[name]);
  return [
    {
      ...slash,
      ...named((texts) => texts.commands.discord.cartoonize),
      options: [
        // Checks the extension only; the bytes are sniffed all the same.
        { type: Attachment, ...option('image'), file_types: ['image'] },
        { type: text, ...option('style'), choices: styleChoices(styles) },
        { type: Integer, ...option('strength'), ...percent },
        { type: text, ...option('as'), choices: shapeChoices() },
        // For people without the "Attach Files" permission, who cannot use an attachment option.
        { type: User, ...option('user') },
        { type: text, ...option('link'), max_length: 1000 },
        { type: flag, ...option('private') },
        { type: flag, ...option('spoiler') },
        {
          type: text,
          ...option('format'),
          choices: [
            { name: 'JPEG', value: 'jpeg' },
            { name: 'PNG', value: 'png' },
          ],
        },
      ],
    },
    {
      ...slash,
      ...named((texts) => texts.commands.discord.style),
      options: [
        {
          type: text,
          ...named((texts) => texts.commands.discord.style.options.style),
          choices: styleChoices(styles),
          required: true,
        },
      ],
    },
    {
      ...slash,
      ...named((texts) => texts.commands.discord.strength),
      options: [
        {
          type: Integer,
          ...named((texts) => texts.commands.discord.strength.options.percent),
          ...percent,
          required: true,
        },
      ],
    },
    { ...slash, ...named((texts) => texts.commands.discord.styles) },
    { ...slash, ...named((texts) => texts.commands.discord.help) },
    { ...slash, ...named((texts) => texts.commands.discord.privacy) },
    {
      ...everywhere,
      type: ApplicationCommandType.Message,
      ...names((texts) => texts.commands.discord.messageMenu),
    },
    {
      ...everywhere,
      type: ApplicationCommandType.User,
      ...names((texts) => texts.commands.discord.userMenu),
    },
  ];
}
