/**
 * The REST calls the adapter makes, without the gateway client: answers must still go out when the gateway is closed
 * (shutdown) or was never opened (HTTP-only replicas). `@discordjs/rest` queues per bucket and waits out 429s.
 */
import {
  type APIInteraction,
  type APIInteractionResponse,
  type APIMessage,
  MessageFlags,
  REST,
  type RESTPatchAPIChannelMessageJSONBody,
  type RESTPostAPIChannelMessageJSONBody,
  Routes,
} from 'discord.js';
import type { InteractionTarget } from './types.ts';

/** A file of a message; its position is the `n` of `files[n]` and its id in `attachments`. */
export interface OutgoingFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export type MessageBody = RESTPatchAPIChannelMessageJSONBody;

export interface DiscordApiOptions {
  /** Without `/v10`, which discord.js appends. */
  readonly apiRoot: string;
  readonly token?: string | undefined;
  /** Per request. Uploads of 8 MiB over slow lines need more than discord.js' 15 s. */
  readonly timeoutMs?: number;
}

/** discord.js keeps a queue for every interaction it answered, and lets go of idle ones once an hour by default. */
const SWEEP_MS = 5 * 60_000;

export class DiscordApi {
  readonly #rest: REST;
  readonly hasToken: boolean;

  constructor({ apiRoot, token, timeoutMs = 60_000 }: DiscordApiOptions) {
    this.#rest = new REST({ api: apiRoot, timeout: timeoutMs, handlerSweepInterval: SWEEP_MS });
    if (token) this.#rest.setToken(token);
    this.hasToken = Boolean(token);
  }

  /** The one acknowledgement of an interaction, due within 3 s. Outside of discord.js' 50 requests a second. */
  async acknowledge(interaction: APIInteraction, response: APIInteractionResponse): Promise<void> {
    await this.#rest.post(Routes.interactionCallback(interaction.id, interaction.token), {
      auth: false,
      body: response,
    });
  }

  async editOriginal(
    target: InteractionTarget,
    body: MessageBody,
    files: readonly OutgoingFile[] = [],
  ): Promise<APIMessage> {
    return (await this.#rest.patch(Routes.webhookMessage(target.applicationId, target.token), {
      auth: false,
      body,
      files: upload(files),
    })) as APIMessage;
  }

  async original(target: InteractionTarget): Promise<APIMessage> {
    const route = Routes.webhookMessage(target.applicationId, target.token);
    return (await this.#rest.get(route, { auth: false })) as APIMessage;
  }

  /** A further message that only the requester sees. User-installed apps have five of them. */
  async sendEphemeral(
    target: Pick<InteractionTarget, 'applicationId' | 'token'>,
    content: string,
  ): Promise<void> {
    await this.#rest.post(Routes.webhook(target.applicationId, target.token), {
      auth: false,
      body: { content, flags: MessageFlags.Ephemeral, allowed_mentions: { parse: [] } },
    });
  }

  async send(
    channelId: string,
    body: RESTPostAPIChannelMessageJSONBody,
    files: readonly OutgoingFile[] = [],
  ): Promise<APIMessage> {
    return (await this.#rest.post(Routes.channelMessages(channelId), {
      body,
      files: upload(files),
    })) as APIMessage;
  }

  async edit(
    channelId: string,
    messageId: string,
    body: MessageBody,
    files: readonly OutgoingFile[] = [],
  ): Promise<APIMessage> {
    return (await this.#rest.patch(Routes.channelMessage(channelId, messageId), {
      body,
      files: upload(files),
    })) as APIMessage;
  }

  async message(channelId: string, messageId: string): Promise<APIMessage> {
    return (await this.#rest.get(Routes.channelMessage(channelId, messageId))) as APIMessage;
  }

  async typing(channelId: string): Promise<void> {
    await this.#rest.post(Routes.channelTyping(channelId));
  }

  /** @returns the id of the direct-message channel with a person */
  async openDm(userId: string): Promise<string> {
    const channel = await this.#rest.post(Routes.userChannels(), { body: { recipient_id: userId } });
    return (channel as { id: string }).id;
  }

  /** A fresh signature for an attachment link; CDN links die after about a day. */
  async refreshLink(url: string): Promise<string> {
    const answer = await this.#rest.post('/attachments/refresh-urls', { body: { attachment_urls: [url] } });
    return (answer as { refreshed_urls: { refreshed: string }[] }).refreshed_urls[0]?.refreshed ?? url;
  }

  /** @param image PNG of at most 256 kB */
  async createEmoji(guildId: string, name: string, image: Uint8Array): Promise<void> {
    const data = `data:image/png;base64,${Buffer.from(image).toString('base64')}`;
    await this.#rest.post(Routes.guildEmojis(guildId), { body: { name, image: data, roles: [] } });
  }

  /** @param image PNG of 320 x 320 pixels and at most 512 kB */
  async createSticker(
    guildId: string,
    fields: { readonly name: string; readonly description: string; readonly tags: string },
    image: Uint8Array,
  ): Promise<void> {
    await this.#rest.post(Routes.guildStickers(guildId), {
      appendToFormData: true,
      body: fields,
      files: [{ key: 'file', name: 'sticker.png', data: image, contentType: 'image/png' }],
    });
  }

  async commands(applicationId: string, guildId?: string): Promise<unknown[]> {
    const query = new URLSearchParams({ with_localizations: 'true' });
    return (await this.#rest.get(commandRoute(applicationId, guildId), { query })) as unknown[];
  }

  async replaceCommands(
    applicationId: string,
    commands: readonly unknown[],
    guildId?: string,
  ): Promise<void> {
    await this.#rest.put(commandRoute(applicationId, guildId), { body: commands });
  }

  close(): void {
    this.#rest.clearHashSweeper();
    this.#rest.clearHandlerSweeper();
  }
}

function commandRoute(applicationId: string, guildId?: string) {
  return guildId
    ? Routes.applicationGuildCommands(applicationId, guildId)
    : Routes.applicationCommands(applicationId);
}

const CONTENT_TYPES: Readonly<Record<string, string>> = { png: 'image/png', webp: 'image/webp' };

function upload(files: readonly OutgoingFile[]) {
  return files.map(({ name, bytes }) => ({
    name,
    data: bytes,
    contentType: CONTENT_TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'image/jpeg',
  }));
}
