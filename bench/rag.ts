// `npm run bench:rag`: what is found, and how fast. See README.md.
import { runParts } from './lib/run-alone.js';
import { retrievalLatency } from './parts/retrieval-latency.js';
import { retrievalQuality } from './parts/retrieval-quality.js';

await runParts([retrievalQuality, retrievalLatency]);
