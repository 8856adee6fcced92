/** A file that a step left behind, as steps, events and the API show it. */
export type ArtifactRef = {
  readonly id: string;
  readonly name: string;
  readonly media_type: string;
  /** Bytes. */
  readonly size: number;
  /** Of the content, in lower-case hex. */
  readonly sha256: string;
};

/** A file that a step wants kept. */
export interface NewArtifact {
  /** A file name or a relative path with `/`, at most 1,024 characters; the same name of one step is the same file. */
  readonly name: string;
  /** Told by the name's ending when absent. */
  readonly mediaType?: string;
  /** Read once, at the pace of the storage. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** A file together with the lease in whose name it is stored. */
export interface StoreArtifact extends NewArtifact {
  readonly tenant: string;
  readonly runId: string;
  /** Epoch of the run's lease; a stale one stores nothing. */
  readonly epoch: number;
  readonly step: string;
  /** Aborted when the step is stopped: what was stored so far is given up. */
  readonly signal: AbortSignal;
}

/** Where the engine keeps what is too large for the journal. */
export interface Artifacts {
  /**
   * Stores a file. Of one run, step and name there is one: stored again, by another attempt or after a crash, the content
   * is replaced and the id stays. Until it resolves, nobody sees anything of it.
   * Throws `StepError`: `artifact_invalid`, `artifact_too_large`, `lease_lost`, `artifact_storage_failed`.
   */
  store(artifact: StoreArtifact): Promise<ArtifactRef>;
}
