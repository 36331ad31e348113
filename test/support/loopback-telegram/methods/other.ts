/** The bot itself, updates, files, button answers, reactions and the profile. */
import { bad } from '../errors.ts';
import type { Payload } from '../spec.ts';
import type { Method } from './call.ts';

const getMe: Method = ({ world }) => ({
  ...world.bot,
  can_join_groups: true,
  can_read_all_group_messages: false,
  supports_inline_queries: false,
});

const getUpdates: Method = ({ updates }, { payload, gone }) => updates.poll(payload, gone);

const setWebhook: Method = ({ updates }, { payload }) => {
  const url = String(payload['url'] ?? '');
  updates.setWebhook(
    url === '' ? undefined : { url, secret: payload['secret_token'] as string | undefined },
    payload['allowed_updates'] as string[] | undefined,
  );
  return true;
};

const deleteWebhook: Method = ({ updates }) => {
  updates.setWebhook(undefined);
  return true;
};

const getWebhookInfo: Method = ({ updates }) => ({
  url: updates.webhook?.url ?? '',
  has_custom_certificate: false,
  pending_update_count: updates.unconfirmed.length,
});

const getFile: Method = ({ files }, { payload }) => files.forDownload(String(payload['file_id']));

const getBusinessConnection: Method = ({ businesses }, { payload }) => {
  const found = businesses.get(String(payload['business_connection_id']));
  if (!found) throw bad('BUSINESS_CONNECTION_INVALID');
  return found;
};

const answerCallbackQuery: Method = (telegram, { payload }) => {
  const press = telegram.presses.get(String(payload['callback_query_id']));
  if (!press || Date.now() - press.at > telegram.callbackLifeMs)
    throw bad('query is too old and response timeout expired or query ID is invalid');
  press.answer ??= payload;
  return true;
};

const setMessageReaction: Method = ({ world, reactions }, { payload }) => {
  const room = world.open(payload['chat_id']);
  const message = room.messages.get(Number(payload['message_id']));
  if (!message) throw bad('message to react not found');
  const [reaction] = (payload['reaction'] ?? []) as { emoji?: string }[];
  if (reaction && !room.mayReact) throw bad('REACTION_INVALID');
  // On an album the reaction goes to its first message.
  const album = message.media_group_id;
  const first =
    [...room.messages.values()].find((other) => album && other.media_group_id === album) ?? message;
  reactions.set(`${room.chat.id}/${first.message_id}`, reaction?.emoji);
  return true;
};

/** `setMyCommands` and its sisters replace what is stored for the same scope and language. */
function store(method: string): Method {
  return ({ profile, world }, { payload }) => {
    const scope = payload['scope'] as { type?: string; chat_id?: number } | undefined;
    if (scope?.chat_id !== undefined) world.open(scope.chat_id);
    const commands = payload['commands'] as Payload[] | undefined;
    if (commands && commands.length > 100) throw bad('BOT_COMMANDS_TOO_MUCH');
    const where = `${scope?.type ?? 'default'}${scope?.chat_id ?? ''}`;
    profile.set(`${method} ${where} ${payload['language_code'] ?? ''}`.trim(), payload);
    return true;
  };
}

export const other: Readonly<Record<string, Method>> = {
  getMe,
  getUpdates,
  setWebhook,
  deleteWebhook,
  getWebhookInfo,
  getFile,
  getBusinessConnection,
  answerCallbackQuery,
  setMessageReaction,
  setMyCommands: store('setMyCommands'),
  setMyDescription: store('setMyDescription'),
  setMyShortDescription: store('setMyShortDescription'),
};
