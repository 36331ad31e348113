/** Files on the pretended Telegram servers: ids bound to a kind, the 20 MB limit of getFile, and the download route. */
import { randomBytes } from 'node:crypto';
import { bad } from './errors.ts';

export type FileKind = 'photo' | 'document' | 'sticker' | 'video' | 'animation';

export interface StoredFile {
  readonly id: string;
  readonly unique: string;
  readonly kind: FileKind;
  readonly bytes: Uint8Array;
  /** What Telegram announces; may be larger than `bytes` so that tests need not make 25 MB. */
  readonly size: number;
  readonly path: string;
  gone: boolean;
}

/** Bots may download up to 20 MB (core.telegram.org/bots/api#getfile). */
const DOWNLOAD_LIMIT = 20 * 1024 * 1024;

export class Files {
  readonly #byId = new Map<string, StoredFile>();
  readonly #byPath = new Map<string, StoredFile>();

  /** Stores bytes under new ids; every upload gets new ones, also of the same bytes. */
  add(kind: FileKind, bytes: Uint8Array, announcedSize = bytes.length): StoredFile {
    const unique = randomBytes(8).toString('hex');
    return this.#put(kind, bytes, announcedSize, unique);
  }

  /** Another id of the same file, as a forward gives it: the unique id stays. */
  alias(file: StoredFile): StoredFile {
    return this.#put(file.kind, file.bytes, file.size, file.unique);
  }

  #put(kind: FileKind, bytes: Uint8Array, size: number, unique: string): StoredFile {
    const id = `${kind}-${randomBytes(16).toString('base64url')}`;
    const file: StoredFile = {
      id,
      unique,
      kind,
      bytes,
      size,
      path: `${kind}s/file_${this.#byId.size}`,
      gone: false,
    };
    this.#byId.set(id, file);
    this.#byPath.set(file.path, file);
    return file;
  }

  /** Finds a file for sending again. @throws ApiError when the id is unknown or of another kind */
  forSending(id: string, kind: FileKind): StoredFile {
    const file = this.#byId.get(id);
    if (!file || file.gone) throw bad('wrong file identifier/HTTP URL specified');
    if (file.kind !== kind) throw bad(`can't use file of type ${file.kind} as ${kind}`);
    return file;
  }

  get(id: string): StoredFile | undefined {
    return this.#byId.get(id);
  }

  forDownload(id: string): { file_id: string; file_unique_id: string; file_size: number; file_path: string } {
    const file = this.#byId.get(id);
    if (!file || file.gone) throw bad('wrong file_id or the file is temporarily unavailable');
    if (file.size > DOWNLOAD_LIMIT) throw bad('file is too big');
    return { file_id: id, file_unique_id: file.unique, file_size: file.size, file_path: file.path };
  }

  atPath(path: string): StoredFile | undefined {
    return this.#byPath.get(path);
  }
}
