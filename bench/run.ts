// `npm run bench:engine`: every part in one run on one machine. See README.md.
import { runParts } from './lib/run-alone.js';
import { embedded } from './parts/embedded.js';
import { floor } from './parts/floor.js';
import { latency } from './parts/latency.js';
import { stepsInProcess } from './parts/steps-in-process.js';
import { stepsOverHttp } from './parts/steps-over-http.js';
import { submissions } from './parts/submissions.js';

await runParts([stepsInProcess, stepsOverHttp, latency, submissions, embedded, floor]);
