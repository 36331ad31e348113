/** `src/inference` in a browser: opens the networks of a pack and draws photos with the files that a server draws with. */
import { env, InferenceSession } from 'onnxruntime-web/wasm';
import { ColourBound } from '../../../inference/drawing/colour-bound.ts';
import { DetailTransfer } from '../../../inference/drawing/detail-transfer.ts';
import { type DrawingParts, type DrawingStyle, drawPhoto } from '../../../inference/drawing/draw-photo.ts';
import { STRENGTH } from '../../../inference/drawing/strength.ts';
import { FaceDetector } from '../../../inference/faces/detector.ts';
import { FaceMesh } from '../../../inference/faces/landmarks.ts';
import { Kernels } from '../../../inference/image/kernels.ts';
import { Warper } from '../../../inference/image/warp.ts';
import { PROFILES } from '../../../inference/profile.ts';
import { type Hooks, StageClock } from '../../../inference/stage-clock.ts';
import type { Note } from '../../../inference/types.ts';
import { DctoonError } from '../../../shared/errors.ts';
import type { Pack, PackFile, PackStyle } from '../pack.ts';
import { decode, decodeGrey } from './decode.ts';
import { encode } from './encode.ts';

const OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ['wasm'],
  graphOptimizationLevel: 'all',
  enableMemPattern: false,
  logSeverityLevel: 3,
};

/** A file of the pack could not be fetched. */
export class Unreachable extends Error {}

export interface DrawnPhoto {
  readonly picture: Blob;
  readonly width: number;
  readonly height: number;
  readonly faces: number;
  readonly notes: readonly Note[];
}

export class Engine {
  readonly #pack: Pack;
  readonly #parts: DrawingParts;
  /** The networks of the style that was drawn last, by their addresses. */
  #open = new Map<string, InferenceSession>();

  private constructor(pack: Pack, parts: DrawingParts) {
    this.#pack = pack;
    this.#parts = parts;
  }

  /** @throws Unreachable */
  static async open(pack: Pack, threads: number): Promise<Engine> {
    const [runtime, detector, mesh, mask] = await Promise.all(
      [pack.runtime, pack.faceDetector, pack.faceMesh, pack.blendMask].map(fetched),
    );
    env.wasm.wasmBinary = (runtime as Uint8Array<ArrayBuffer>).buffer;
    env.wasm.numThreads = threads;
    const kernels = new Kernels();
    const warper = new Warper(kernels);
    return new Engine(pack, {
      detector: new FaceDetector(await InferenceSession.create(detector as Uint8Array, OPTIONS)),
      mesh: new FaceMesh(await InferenceSession.create(mesh as Uint8Array, OPTIONS), warper),
      warper,
      detailTransfer: new DetailTransfer(kernels),
      colourBound: new ColourBound(kernels),
      mask: await decodeGrey(mask as Uint8Array<ArrayBuffer>),
    });
  }

  /**
   * @param strength per cent
   * @throws DctoonError as `decode`, and `unknown_style` | `cancelled`; Unreachable
   */
  async draw(
    photo: Blob,
    styleId: string,
    strength: number = STRENGTH.usual,
    hooks: Hooks,
  ): Promise<DrawnPhoto> {
    const entry = this.#pack.styles.find(({ id }) => id === styleId);
    if (!entry) throw new DctoonError('unknown_style', `no style "${styleId}"`);
    const clock = new StageClock(hooks, turnOfEventLoop);
    await clock.enter('decode');
    const decoded = await decode(photo, PROFILES.full);
    const style = await this.#style(entry);
    const { picture, heads } = await drawPhoto(decoded, style, strength, PROFILES.full, this.#parts, clock);
    await clock.enter('encode');
    const { width, height } = picture;
    const notes: Note[] = decoded.isSmaller ? ['smaller'] : [];
    return { picture: await encode(picture), width, height, faces: heads.length, notes };
  }

  async #style({ monochrome, head, scene = head }: PackStyle): Promise<DrawingStyle> {
    const wanted = [head.url, scene.url];
    for (const [url, session] of this.#open) {
      if (wanted.includes(url)) continue;
      this.#open.delete(url);
      await session.release();
    }
    return { monochrome, session: async (part) => await this.#session(part === 'head' ? head : scene) };
  }

  async #session(file: PackFile): Promise<InferenceSession> {
    const session = this.#open.get(file.url) ?? (await InferenceSession.create(await fetched(file), OPTIONS));
    this.#open.set(file.url, session);
    return session;
  }
}

async function fetched({ url }: PackFile): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new Unreachable(url, { cause });
  });
  if (!response.ok) throw new Unreachable(`${url}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A message that came meanwhile has been read when it is over. */
function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
