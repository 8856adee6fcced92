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

/** What the journal holds of an output that is too large for it. It binds the content by its hash. */
export type OutputRef = {
  readonly id: string;
  /** Bytes of its JSON. */
  readonly size: number;
  /** Of its JSON, in lower-case hex. */
  readonly sha256: string;
};

/** An output of a step or a run, as JSON. */
export interface StoreOutput {
  readonly tenant: string;
  readonly runId: string;
  /** Epoch of the run's lease; null for a run that is yet to be created. */
  readonly epoch: number | null;
  /** Null: the outputs of the run. */
  readonly step: string | null;
  readonly ref: OutputRef;
  readonly json: string;
}

/** Where the engine keeps what is too large for the journal. */
export interface Artifacts {
  /**
   * Stores a file. Of one run, step and name there is one: stored again, by another attempt or after a crash, the content
   * is replaced and the id stays. Until it resolves, nobody sees anything of it.
   * Throws `StepError`: `artifact_invalid`, `artifact_too_large`, `lease_lost`, `artifact_storage_failed`.
   */
  store(artifact: StoreArtifact): Promise<ArtifactRef>;

  /**
   * Stores an output under the id of its reference; of a run and step there is one, a later one replaces it. It is kept for as
   * long as the run. Throws `StoreUnavailableError` when trying again may help, and `StepError` when it will not.
   */
  storeOutput(output: StoreOutput): Promise<void>;

  /**
   * The JSON of an output. Throws `StoreUnavailableError` when trying again may help, and `StepError('output_missing')` when
   * the content is gone or is not the one that the reference names.
   */
  loadOutput(output: { readonly tenant: string; readonly ref: OutputRef }): Promise<string>;
}
