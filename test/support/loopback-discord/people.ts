/** What people do on Discord: type commands, use menus, press buttons, write messages. Returns what they then see. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { type APIInteraction, GatewayIntentBits, PermissionFlagsBits } from 'discord.js';
import type { Gateway } from './gateway.ts';
import { visible } from './rest.ts';
import { componentsOf, Seen } from './seen.ts';
import type { APIMessage, APIUser, Channel, StoredCommand, Upload } from './types.ts';
import { acknowledge } from './webhooks.ts';
import type { World } from './world.ts';

export interface Place {
  readonly channel: Channel;
  /** How the app is there. `user`: only the person has installed it, the bot is no member. */
  readonly install?: 'guild' | 'user';
  /** Permissions of the app in this place. Default: all it needs. */
  readonly permissions?: bigint;
  /** Permissions of the person there. Default: no special ones. */
  readonly own?: bigint;
}

export interface SlashOptions {
  readonly [name: string]: string | number | boolean | Upload | APIUser;
}

const ALL =
  PermissionFlagsBits.ViewChannel |
  PermissionFlagsBits.SendMessages |
  PermissionFlagsBits.AttachFiles |
  PermissionFlagsBits.EmbedLinks |
  PermissionFlagsBits.ReadMessageHistory;
const CONTEXT = { guild: 0, dm: 1, private: 2 } as const;
const OPTION = { string: 3, integer: 4, boolean: 5, user: 6, attachment: 11 } as const;

export class People {
  /** Locale every person's client reports. */
  locale = 'en-US';
  attachmentSizeLimit = 20 * 1024 * 1024;
  readonly #world: World;
  readonly #gateway: Gateway;
  readonly #keys = generateKeyPairSync('ed25519');
  #endpoint: ((request: Request) => Promise<Response>) | undefined;

  constructor(world: World, gateway: Gateway) {
    this.#world = world;
    this.#gateway = gateway;
  }

  /** The application's public key in hexadecimal digits, as the developer portal shows it. */
  get publicKey(): string {
    return this.#keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  }

  /** From now on interactions are posted to this handler instead of the gateway. */
  useEndpoint(handler: ((request: Request) => Promise<Response>) | undefined): void {
    this.#endpoint = handler;
  }

  async slash(user: APIUser, place: Place, name: string, options: SlashOptions = {}): Promise<Seen> {
    const command = this.#command(name, 1, place);
    const resolved: { attachments: Record<string, unknown>; users: Record<string, unknown> } = {
      attachments: {},
      users: {},
    };
    const given = Object.entries(options).map(([key, value]) => {
      const option = command.options?.find((one) => one.name === key);
      if (!option) throw new Error(`/${name} has no option ${key}`);
      let type: number;
      let sent: unknown = value;
      if (typeof value === 'string') {
        type = OPTION.string;
        const choices = (option as { choices?: { value: unknown }[] }).choices;
        if (choices && !choices.some((choice) => choice.value === value))
          throw new Error(`no choice ${value}`);
      } else if (typeof value === 'number') {
        type = OPTION.integer;
        const { min_value = value, max_value = value } = option as { min_value?: number; max_value?: number };
        if (value < min_value || value > max_value) throw new Error(`no number ${value}`);
      } else if (typeof value === 'boolean') type = OPTION.boolean;
      else if ('bytes' in value) {
        type = OPTION.attachment;
        const attachment = this.#world.attach(value, 'ephemeral-attachments');
        resolved.attachments[attachment.id] = attachment;
        sent = attachment.id;
      } else {
        type = OPTION.user;
        resolved.users[value.id] = value;
        sent = value.id;
      }
      if (option.type !== type)
        throw new Error(`/${name} ${key} has another type (${option.type}, not ${type})`);
      return { name: key, type, value: sent };
    });
    return this.#interact(user, place, {
      type: 2,
      data: { id: command.id, name, type: 1, options: given, resolved },
    });
  }

  /** Apps > ... on a message. The target arrives complete, whatever the intents. */
  async messageMenu(user: APIUser, place: Place, name: string, target: APIMessage): Promise<Seen> {
    const command = this.#command(name, 3, place);
    const resolved = { messages: { [target.id]: structuredClone(target) } };
    return this.#interact(user, place, {
      type: 2,
      data: { id: command.id, name, type: 3, target_id: target.id, resolved },
    });
  }

  /** Apps > ... on a person. */
  async userMenu(user: APIUser, place: Place, name: string, target: APIUser): Promise<Seen> {
    const command = this.#command(name, 2, place);
    const resolved = { users: { [target.id]: target } };
    return this.#interact(user, place, {
      type: 2,
      data: { id: command.id, name, type: 2, target_id: target.id, resolved },
    });
  }

  /** Presses a button, or chooses from a menu when `values` are given. Disabled components cannot be pressed. */
  async press(
    user: APIUser,
    place: Place,
    message: APIMessage,
    customId: string,
    values?: string[],
  ): Promise<Seen> {
    const component = componentsOf(message).find((one) => one.custom_id === customId);
    if (!component || component.disabled) throw new Error(`nothing to press: ${customId}`);
    if (values?.some((value) => !component.options?.some((option) => option.value === value))) {
      throw new Error(`not in the menu: ${values}`);
    }
    return this.#interact(user, place, {
      type: 3,
      message: structuredClone(this.#world.messages.get(message.id) ?? message),
      data: { custom_id: customId, component_type: component.type, ...(values ? { values } : {}) },
    });
  }

  /** Writes a message; bots see it as their intents allow. */
  write(
    user: APIUser,
    channel: Channel,
    message: {
      content?: string;
      photos?: readonly Upload[];
      mentionsBot?: boolean;
      replyTo?: APIMessage;
      more?: Partial<APIMessage>;
    },
  ): APIMessage {
    const world = this.#world;
    const mentions = message.mentionsBot ? [world.bot] : [];
    const stored = world.message(user, channel.id, {
      content: `${message.mentionsBot ? `<@${world.bot.id}> ` : ''}${message.content ?? ''}`,
      attachments: (message.photos ?? []).map((photo) => world.attach(photo)),
      mentions,
      ...(message.replyTo
        ? {
            type: 19,
            message_reference: { type: 0, channel_id: channel.id, message_id: message.replyTo.id },
            referenced_message: message.replyTo,
          }
        : {}),
      ...message.more,
    });
    this.announce(stored, channel);
    return stored;
  }

  announce(message: APIMessage, channel: Channel): void {
    this.#gateway.dispatch(
      'MESSAGE_CREATE',
      {
        ...visible(this.#world, message),
        ...(channel.guildId ? { guild_id: channel.guildId, member: {} } : {}),
        channel_type: channel.kind === 'guild' ? 0 : 1,
      },
      {
        guildId: channel.guildId,
        intent: channel.kind === 'guild' ? GatewayIntentBits.GuildMessages : GatewayIntentBits.DirectMessages,
      },
    );
  }

  /** Posts any interaction to the HTTP endpoint, signed; `forge` breaks the signature. */
  async post(payload: unknown, forge = false): Promise<Response> {
    if (!this.#endpoint) throw new Error('no endpoint');
    const body = JSON.stringify(payload);
    const timestamp = String(Math.floor(this.#world.now() / 1000));
    const signature = sign(null, Buffer.from(timestamp + body), this.#keys.privateKey);
    if (forge) signature[0] = (signature[0] ?? 0) ^ 1;
    return this.#endpoint(
      new Request('http://localhost/discord/interactions', {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'x-signature-ed25519': signature.toString('hex'),
          'x-signature-timestamp': timestamp,
        },
      }),
    );
  }

  #command(name: string, type: number, place: Place): StoredCommand {
    const { channel } = place;
    const known = [
      ...this.#world.globalCommands,
      ...(channel.guildId ? (this.#world.guildCommands.get(channel.guildId) ?? []) : []),
    ];
    const command = known.find((one) => one.name === name && one.type === type);
    if (!command) throw new Error(`no command "${name}" of type ${type} is registered`);
    if (command.contexts && !command.contexts.includes(CONTEXT[channel.kind] as never)) {
      throw new Error(`"${name}" is not offered in a ${channel.kind} channel`);
    }
    const integration = place.install === 'user' || channel.kind === 'private' ? 1 : 0;
    if (!command.integration_types?.includes(integration)) {
      throw new Error(`"${name}" is not offered for integration type ${integration}`);
    }
    return command;
  }

  async #interact(user: APIUser, place: Place, what: Record<string, unknown>): Promise<Seen> {
    const world = this.#world;
    const { channel } = place;
    const install = place.install ?? (channel.kind === 'private' ? 'user' : 'guild');
    const payload = {
      id: world.id(),
      application_id: world.application.id,
      token: world.interactionToken(),
      version: 1,
      ...what,
      channel_id: channel.id,
      // A bot that is no member gets hardly more than the id.
      channel: { id: channel.id, type: channel.kind === 'guild' ? 0 : channel.kind === 'dm' ? 1 : 3 },
      app_permissions: String(place.permissions ?? ALL),
      locale: this.locale,
      context: CONTEXT[channel.kind],
      attachment_size_limit: this.attachmentSizeLimit,
      entitlements: [],
      authorizing_integration_owners: install === 'user' ? { 1: user.id } : { 0: channel.guildId ?? '0' },
      ...(channel.guildId
        ? {
            guild_id: channel.guildId,
            guild_locale: 'en-US',
            member: {
              user,
              roles: [],
              joined_at: new Date().toISOString(),
              deaf: false,
              mute: false,
              flags: 0,
              permissions: String(place.own ?? ALL),
            },
          }
        : { user }),
    } as unknown as APIInteraction;
    const stored = world.interaction(payload, install === 'user');
    if (this.#endpoint) {
      const response = await this.post(payload);
      if (response.status !== 200) throw new Error(`the endpoint answered ${response.status}`);
      acknowledge(world, stored, { json: (await response.json()) as never, files: new Map(), size: 0 });
      world.changed();
    } else {
      this.#gateway.dispatch('INTERACTION_CREATE', payload, { guildId: channel.guildId });
    }
    return new Seen(world, stored);
  }
}
