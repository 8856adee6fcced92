import { createHash, randomUUID } from 'node:crypto';
import type { ArtifactRef, Artifacts, StoreArtifact } from '../ports/artifacts.js';

/** Artifacts in memory, for engines under test. */
export class MemoryArtifacts implements Artifacts {
  private readonly files = new Map<string, { readonly ref: ArtifactRef; readonly content: Buffer }>();

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

  /** The files of a run. */
  of(runId: string): { ref: ArtifactRef; content: Buffer }[] {
    return [...this.files].filter(([key]) => (JSON.parse(key) as string[])[0] === runId).map(([, file]) => file);
  }
}
