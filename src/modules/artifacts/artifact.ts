import { lookup } from 'mime-types';
import { type ArtifactRef, StepError } from '../../engine/index.js';
import type { StorageKind } from './storage/content-storage.js';

/** A file that a step left behind, or an output too large for the journal. */
export interface Artifact {
  readonly id: string;
  readonly tenant: string;
  readonly runId: string;
  readonly kind: 'file' | 'output';
  /** Empty for the outputs of the run. */
  readonly step: string;
  readonly name: string;
  readonly mediaType: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly content: { readonly id: string; readonly storage: StorageKind };
  readonly createdAt: Date;
}

export function refOf({ id, name, mediaType, size, sha256 }: Pick<Artifact, 'id' | 'name' | 'mediaType' | 'size' | 'sha256'>): ArtifactRef {
  return { id, name, media_type: mediaType, size, sha256 };
}

const MAX_NAME = 1_024;
const ANYTHING = 'application/octet-stream';
const MEDIA_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:;[\x20-\x7e]{0,255})?$/;

/** Throws `StepError('artifact_invalid')` for what cannot be the name of a file. */
export function checkName(name: string): void {
  const valid = name !== '' && name.length <= MAX_NAME && name.isWellFormed() && !/\p{Cc}/u.test(name);
  if (valid) return;
  const message = `An artifact's name has 1 to ${MAX_NAME} characters, none of them a control character.`;
  throw new StepError('artifact_invalid', message, { retryable: false });
}

/** The given media type if it is one, else that of the name's ending. */
export function mediaTypeOf(name: string, given: string | undefined): string {
  if (given !== undefined && MEDIA_TYPE.test(given)) return given;
  const found = lookup(name);
  return found === false ? ANYTHING : found;
}
