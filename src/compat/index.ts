export { CompatModule } from './compat.module.js';
export { DIALECTS } from './dialects.js';
export { listenOnDialectPorts } from './dialect-ports.js';
/** Served at `openapi.json` of each dialect; `describeDialects` is for whoever checks them. */
export { describeDialects, setupDialectDocuments } from './dialect-documents.js';
