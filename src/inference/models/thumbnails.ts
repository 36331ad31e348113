/** Small pictures of what the styles look like, as `python -m dctoon_training thumbnails` leaves them beside the networks. */
import type { Logger } from '../../observability/logger.ts';
import { readManifest, readModelFile } from './manifest.ts';

interface Thumbnail {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: 'image/jpeg' | 'image/png' | 'image/webp';
  /** Of the bytes, in lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** By style id. */
export type Thumbnails = ReadonlyMap<string, Thumbnail>;

const TYPES = { jpg: 'image/jpeg', png: 'image/png', webp: 'image/webp' } as const;

/**
 * The thumbnails of a models folder, all of them in memory: a few kilobytes each. One that is missing, damaged or
 * another is left out with a warning, since a menu without a picture is still a menu.
 * @throws DctoonError `internal` as `readManifest`
 */
export async function readThumbnails(modelsDir: string, logger?: Logger): Promise<Thumbnails> {
  const { styles } = await readManifest(modelsDir);
  const found = await Promise.all(
    styles.map(async ({ id, thumbnail }): Promise<readonly [string, Thumbnail] | undefined> => {
      if (!thumbnail) return undefined;
      try {
        const bytes = new Uint8Array(await readModelFile(modelsDir, thumbnail));
        return [id, { bytes, type: typeOf(thumbnail.file), sha256: thumbnail.sha256 }];
      } catch (error) {
        logger?.warn({ err: error, style: id }, 'a style has no thumbnail');
        return undefined;
      }
    }),
  );
  return new Map(found.filter((entry) => entry !== undefined));
}

/** The schema of the manifest lets no other ending through. */
function typeOf(file: string): Thumbnail['type'] {
  return TYPES[file.slice(file.lastIndexOf('.') + 1) as keyof typeof TYPES];
}
