import { createHash, randomUUID } from 'node:crypto';
import { StepError } from '../model/step-error.js';
import type { ArtifactRef, Artifacts, OutputRef, StoreArtifact, StoreOutput } from '../ports/artifacts.js';

/** Artifacts in memory, for engines under test. */
export class MemoryArtifacts implements Artifacts {
  private readonly files = new Map<string, { readonly ref: ArtifactRef; readonly content: Buffer }>();
  /** JSON by id. */
  readonly outputs = new Map<string, string>();
  /** Lets a test delay or fail the storing of an output. */
  beforeOutput: (output: StoreOutput) => Promise<void> | void = () => undefined;

  async store(artifact: StoreArtifact): Promise<ArtifactRef> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of artifact.body) chunks.push(chunk);
    artifact.signal.throwIfAborted();
    const content = Buffer.concat(chunks);
    const key = JSON.stringify([artifact.runId, artifact.step, artifact.name]);
    const ref: ArtifactRef = {
      id: this.files.get(key)?.ref.id ?? randomUUID(),
      name: artifact.name,
      media_type: artifact.mediaType ?? 'application/octet-stream',
      size: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    };
    this.files.set(key, { ref, content });
    return ref;
  }

  async storeOutput(output: StoreOutput): Promise<void> {
    await this.beforeOutput(output);
    this.outputs.set(output.ref.id, output.json);
  }

  async loadOutput({ ref }: { ref: OutputRef }): Promise<string> {
    const json = this.outputs.get(ref.id);
    if (json === undefined) throw new StepError('output_missing', 'The output is gone.', { retryable: false });
    return json;
  }

  /** The files of a run. */
  of(runId: string): { ref: ArtifactRef; content: Buffer }[] {
    return [...this.files].filter(([key]) => (JSON.parse(key) as string[])[0] === runId).map(([, file]) => file);
  }
}
