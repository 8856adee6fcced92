import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Worker } from 'node:worker_threads';
import { StepError } from '../../engine/index.js';
import { startThread } from '../../platform/threads/index.js';
import { normalised, type Embedder } from './embedding-model.js';
import type { EmbeddingAnswer, EmbeddingTask } from './embedding-thread.types.js';

/** Long enough to be worth the message, short enough that others' texts get their turn in between. */
const BATCH = 8;
/** The model pays no attention to more; longer texts only cost time. */
const MAX_CHARACTERS = 4_000;

interface Waiting {
  readonly resolve: (vectors: Float32Array[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The model that ships with the server, in a worker thread that starts with the first text: nobody else waits for it, and
 * no network is needed. It was trained on English.
 */
@Injectable()
export class LocalEmbedder implements Embedder, OnModuleDestroy {
  readonly batchSize = BATCH;
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += BATCH) {
      signal.throwIfAborted();
      vectors.push(...(await this.ask(texts.slice(at, at + BATCH).map(shortened))));
    }
    return vectors;
  }

  onModuleDestroy(): Promise<unknown> | undefined {
    const worker = this.worker;
    this.worker = null;
    return worker?.terminate();
  }

  private async ask(texts: readonly string[]): Promise<Float32Array[]> {
    const worker = this.running();
    const task: EmbeddingTask = { id: this.nextId, texts };
    this.nextId += 1;
    worker.ref();
    try {
      return await new Promise<Float32Array[]>((resolve, reject) => {
        this.waiting.set(task.id, { resolve, reject });
        worker.postMessage(task);
      });
    } finally {
      this.waiting.delete(task.id);
      if (this.waiting.size === 0) worker.unref();
    }
  }

  private running(): Worker {
    if (this.worker !== null) return this.worker;
    const worker = startThread(new URL('./embedding.worker.js', import.meta.url), { env: {}, execArgv: [] });
    worker.on('message', (answer: EmbeddingAnswer) => this.settle(answer));
    worker.on('error', () => this.breakDown(worker));
    worker.on('exit', () => this.breakDown(worker));
    this.worker = worker;
    return worker;
  }

  private settle(answer: EmbeddingAnswer): void {
    const waiting = this.waiting.get(answer.id);
    if ('vectors' in answer) waiting?.resolve(answer.vectors.map(normalised));
    else waiting?.reject(new StepError('embedding_failed', 'the local embedding model could not read the text', { retryable: false }));
  }

  /** Whoever waits is told; the next text starts another thread. */
  private breakDown(worker: Worker): void {
    if (this.worker === worker) this.worker = null;
    const error = new StepError('embedding_failed', 'the local embedding model broke down', { retryable: true });
    for (const { reject } of this.waiting.values()) reject(error);
  }
}

/** The model has no vector for nothing at all. */
function shortened(text: string): string {
  const start = text.slice(0, MAX_CHARACTERS);
  return start.trim() === '' ? '.' : start;
}
