export { ArtifactsModule } from './artifacts.module.js';
/** The artifacts of runs: what there is, their content, and their end with the runs. */
export { ArtifactsService } from './artifacts.service.js';
/** What the engine and the readers of its journal keep and find outside of it. */
export { RunArtifacts } from './run-artifacts.js';
