// A process that runs the kernel as a library.
import { serveParent, startParameters } from '../lib/child.js';
import type { Load } from '../lib/closed-loop.js';
import { InProcessEngine, openStore, type DatabaseChoice } from './in-process-engine.js';

/** Leases of all levels: a run in flight is one in memory. */
const CONCURRENCY = 10_000;

const engine = new InProcessEngine(await openStore(startParameters() as DatabaseChoice), CONCURRENCY);
serveParent({}, { round: (load: Load) => engine.steps(load) });
