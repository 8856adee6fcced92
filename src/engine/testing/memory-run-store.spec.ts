import { randomUUID } from 'node:crypto';
import { MemoryRunStore } from './memory-run-store.js';
import { runStoreContract } from './run-store.contract.js';

runStoreContract('memory', async () => ({ store: new MemoryRunStore(), versionId: randomUUID() }));
