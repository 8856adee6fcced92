export { ArtifactsModule } from './artifacts.module.js';
/** The artifacts of runs: what there is, their content, and their end with the runs. */
export { ArtifactsService } from './artifacts.service.js';
/** What the engine and the readers of its journal keep and find outside of it. */
export { RunArtifacts } from './run-artifacts.js';
/** Files over HTTP: which part of one is asked for, and its sending. */
export { selectionOf, sendContent, sendHead } from './file-answer.js';
export type { Artifact } from './artifact.js';
