/** A bucket on loopback: objects by PUT, GET and DELETE, and the signature of every request checked (AWS Signature Version 4). */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export class LoopbackS3 {
  readonly accessKeyId = 'AKIDTEST';
  readonly secretAccessKey = 'a secret/with+odd=characters';
  readonly region = 'eu-test-1';
  /** Objects by path: bucket and key. */
  readonly objects = new Map<string, Buffer>();
  /** Answered with these statuses first, one each. */
  readonly failures: number[] = [];
  readonly refused: string[] = [];
  readonly #server = createServer((request, response) => {
    this.#handle(request).then(
      ([status, body]) => response.writeHead(status).end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });

  static async start(): Promise<LoopbackS3> {
    const s3 = new LoopbackS3();
    s3.#server.listen(0, '127.0.0.1');
    await once(s3.#server, 'listening');
    return s3;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #handle(request: IncomingMessage): Promise<[number, Buffer | string]> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const failure = this.failures.shift();
    if (failure) return [failure, ''];
    if (!this.#isSigned(request)) {
      this.refused.push(`${request.method} ${request.url}`);
      return [403, 'SignatureDoesNotMatch'];
    }
    const path = decodeURIComponent(request.url ?? '');
    switch (request.method) {
      case 'PUT':
        this.objects.set(path, Buffer.concat(chunks));
        return [200, ''];
      case 'GET':
        return this.objects.has(path) ? [200, this.objects.get(path) ?? ''] : [404, 'NoSuchKey'];
      case 'DELETE':
        this.objects.delete(path);
        return [204, ''];
      default:
        return [405, ''];
    }
  }

  /** The algorithm of "Authenticating Requests: Using the Authorization Header", written from its description. */
  #isSigned(request: IncomingMessage): boolean {
    const pattern =
      /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/([\w-]+)\/s3\/aws4_request, ?SignedHeaders=([\w;-]+), ?Signature=(\w{64})$/;
    const [, key, date = '', region = '', names = '', signature] =
      pattern.exec(request.headers.authorization ?? '') ?? [];
    if (key !== this.accessKeyId || region !== this.region) return false;
    const time = String(request.headers['x-amz-date']);
    const headers = names.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
    const canonical = [
      request.method,
      request.url,
      '',
      headers.join(''),
      names,
      request.headers['x-amz-content-sha256'],
    ].join('\n');
    const scope = `${date}/${region}/s3/aws4_request`;
    const hash = createHash('sha256').update(canonical).digest('hex');
    const hmac = (secret: string | Buffer, text: string) =>
      createHmac('sha256', secret).update(text).digest();
    const signing = [date, region, 's3', 'aws4_request'].reduce<Buffer | string>(
      (secret, text) => hmac(secret, text),
      `AWS4${this.secretAccessKey}`,
    );
    const expected = hmac(signing, ['AWS4-HMAC-SHA256', time, scope, hash].join('\n')).toString('hex');
    return expected === signature && time.startsWith(date);
  }
}
