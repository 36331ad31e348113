/**
 * Measures of pictures that exist only as JavaScript packages.
 *
 *   node measure.mjs features IN.bin COUNT OUT.bin   RGB bytes [COUNT, 299, 299, 3] -> float32 [COUNT, 2048]
 *   node measure.mjs faces    IN.bin COUNT OUT.json  RGB bytes [COUNT, 288, 288, 3] -> one entry a picture
 *
 * `features`: the layer `flatten_1` of nsfwjs' InceptionV3, which is the only InceptionV3 that npm carries.
 * `faces`: SSD detector, 68 landmarks (pixels) and a 128-value descriptor of @vladmandic/face-api; null without a face.
 * Development only: no part of the service, which never sees these packages.
 */
import { open, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');

async function backend() {
  wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm'))}/`);
  await tf.setBackend('wasm');
  await tf.ready();
}

/** Yields one int32 tensor [side, side, 3] after another; the reader disposes of it. */
async function* pictures(path, count, side) {
  const file = await open(path);
  const bytes = side * side * 3;
  try {
    for (let index = 0; index < count; index += 1) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, index * bytes);
      if (bytesRead !== bytes) throw new Error(`${path} ends before picture ${index}`);
      yield tf.tensor3d(Int32Array.from(buffer), [side, side, 3], 'int32');
    }
  } finally {
    await file.close();
  }
}

async function features(input, count, output) {
  const { load } = require('nsfwjs/core');
  const { InceptionV3Model } = require('nsfwjs/models/inception_v3');
  const network = await load('InceptionV3', { modelDefinitions: [InceptionV3Model] });
  const rows = [];
  for await (const picture of pictures(input, count, 299)) {
    const values = network.infer(picture, 'flatten_1');
    rows.push(Buffer.from(new Float32Array(await values.data()).buffer));
    tf.dispose([picture, values]);
  }
  await writeFile(output, Buffer.concat(rows));
}

async function faces(input, count, output) {
  const api = require('@vladmandic/face-api/dist/face-api.node-wasm.js');
  const models = join(dirname(require.resolve('@vladmandic/face-api/package.json')), 'model');
  for (const net of [api.nets.ssdMobilenetv1, api.nets.faceLandmark68Net, api.nets.faceRecognitionNet]) {
    await net.loadFromDisk(models);
  }
  const options = new api.SsdMobilenetv1Options({ minConfidence: 0.3, maxResults: 1 });
  const rows = [];
  for await (const picture of pictures(input, count, 288)) {
    const face = await api.detectSingleFace(picture, options).withFaceLandmarks().withFaceDescriptor();
    rows.push(
      face
        ? { points: face.landmarks.positions.map(({ x, y }) => [x, y]), descriptor: [...face.descriptor] }
        : null,
    );
    picture.dispose();
  }
  await writeFile(output, JSON.stringify(rows));
}

const [kind, input, count, output] = process.argv.slice(2);
const measure = { features, faces }[kind ?? ''];
if (!measure || !input || !output) throw new Error('usage: measure.mjs features|faces IN COUNT OUT');
await backend();
await measure(input, Number(count), output);
