/**
 * Photos and cartoons in a bucket of Amazon S3 or of anything that speaks its protocol (MinIO, Ceph, R2, Garage).
 * The client is aws4fetch, 6 kB that only sign requests; the AWS SDK would bring ten packages for three requests.
 *
 * A bucket should have a lifecycle rule that deletes objects after a day: that removes what a dead process left.
 */
import type { AwsClient } from 'aws4fetch';
import { DctoonError } from '../../shared/errors.ts';
import { FileReader } from './file-reader.ts';
import { type BlobStore, type Bytes, checkBlobKey } from './types.ts';

export interface S3BlobStoreOptions {
  readonly bucket: string;
  /** Begins every key; empty or ending with a slash. Default: empty. */
  readonly prefix?: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Root of the service, with the bucket in the path. Default: Amazon's, with the bucket in the host name. */
  readonly endpoint?: string | undefined;
}

/** A photo of 20 MB at 1 MB/s. */
const TIMEOUT_MS = 20_000;
/** Again after 50, 100, 200 ms, where the service was busy. */
const RETRIES = 3;
const INSUFFICIENT_STORAGE = 507;

export class S3BlobStore implements BlobStore {
  readonly #client: AwsClient;
  readonly #root: string;
  readonly #files = new FileReader();

  private constructor(client: AwsClient, { bucket, prefix = '', region, endpoint }: S3BlobStoreOptions) {
    this.#client = client;
    this.#root = endpoint
      ? `${endpoint.replace(/\/$/, '')}/${bucket}/${prefix}`
      : `https://${bucket}.s3.${region}.amazonaws.com/${prefix}`;
  }

  static async open(options: S3BlobStoreOptions): Promise<S3BlobStore> {
    const { region, accessKeyId, secretAccessKey } = options;
    const { AwsClient } = await import('aws4fetch');
    const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: RETRIES });
    return new S3BlobStore(client, options);
  }

  async put(key: string, bytes: Bytes): Promise<void> {
    const response = await this.#files.with(bytes, (body) => this.#request('PUT', key, body));
    if (response.ok) return;
    const code = response.status === INSUFFICIENT_STORAGE ? 'storage_full' : 'internal';
    throw new DctoonError(code, `the bucket answered ${response.status} to PUT`);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const response = await this.#request('GET', key);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    if (response.status === 404) return undefined;
    throw new DctoonError('internal', `the bucket answered ${response.status} to GET`);
  }

  async delete(key: string): Promise<void> {
    const response = await this.#request('DELETE', key);
    if (!response.ok && response.status !== 404) {
      throw new DctoonError('internal', `the bucket answered ${response.status} to DELETE`);
    }
  }

  async #request(method: string, key: string, body?: Uint8Array): Promise<Response> {
    const response = await this.#client.fetch(this.#root + checkBlobKey(key), {
      method,
      // `fetch` wants bytes that nobody shares with another thread.
      ...(body && { body: new Uint8Array(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    // An unread body would keep the connection from being used again.
    if (method !== 'GET' || !response.ok) await response.arrayBuffer();
    return response;
  }
}
