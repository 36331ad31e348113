/** A multipart/form-data parser for the loopback: what the Bot API accepts, including unquoted names as grammY sends them. */

export interface UploadedFile {
  readonly filename: string;
  readonly bytes: Buffer;
}

export interface Form {
  readonly fields: Record<string, string>;
  readonly files: Map<string, UploadedFile>;
}

/** @throws Error when the body is not complete multipart */
export function parseMultipart(contentType: string, body: Buffer): Form {
  const boundary = /boundary=("?)([^";]+)\1/.exec(contentType)?.[2];
  if (!boundary) throw new Error('multipart without a boundary');
  const form: Form = { fields: {}, files: new Map() };
  const delimiter = Buffer.from(`--${boundary}`);
  let at = body.indexOf(delimiter);
  if (at < 0) throw new Error('multipart without a part');
  for (;;) {
    at += delimiter.length;
    if (body.subarray(at, at + 2).toString() === '--') return form;
    const next = body.indexOf(Buffer.concat([Buffer.from('\r\n'), delimiter]), at);
    if (next < 0) throw new Error('multipart without an end');
    addPart(form, body.subarray(at + 2, next));
    at = next + 2;
  }
}

function addPart(form: Form, part: Buffer): void {
  const split = part.indexOf('\r\n\r\n');
  if (split < 0) throw new Error('multipart part without headers');
  const headers = part.subarray(0, split).toString('utf8');
  const bytes = part.subarray(split + 4);
  const name = /;\s*name="([^"]*)"/i.exec(headers)?.[1];
  if (name === undefined) throw new Error('multipart part without a name');
  // An unquoted file name ends at a quote or a semicolon, as on the real server.
  const filename = /;\s*filename=(?:"([^"]*)"|([^";\r\n]*))/i.exec(headers);
  if (filename)
    form.files.set(name, { filename: filename[1] ?? filename[2] ?? '', bytes: Buffer.from(bytes) });
  else form.fields[name] = bytes.toString('utf8');
}
