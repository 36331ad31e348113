/** The package points its types at a JavaScript file; this is the part of it that we use. */
declare module 'discord-api-spec/zod' {
  interface Schema {
    safeParse(
      value: unknown,
    ):
      | { readonly success: true; readonly data: unknown }
      | { readonly success: false; readonly error: { readonly issues: readonly SchemaIssue[] } };
  }
  interface SchemaIssue {
    readonly path: readonly PropertyKey[];
    readonly message: string;
  }
  export const ApplicationCommandUpdateRequestSchema: Schema;
  export const CreateMessageInteractionCallbackRequestSchema: Schema;
  export const UpdateMessageInteractionCallbackRequestSchema: Schema;
  export const PongInteractionCallbackRequestSchema: Schema;
  export const IncomingWebhookUpdateRequestPartialSchema: Schema;
  export const IncomingWebhookInteractionRequestSchema: Schema;
  export const MessageCreateRequestSchema: Schema;
  export const MessageResponseSchema: { readonly shape: Readonly<Record<string, unknown>> };
  export const MessageEditRequestPartialSchema: Schema;
  export const CreateGuildEmojiRequestBody: Schema;
  export const CreatePrivateChannelRequestSchema: Schema;
}
