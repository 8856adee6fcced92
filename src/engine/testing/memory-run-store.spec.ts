import { randomUUID } from 'node:crypto';
import { MemoryRunStore } from './memory-run-store.js';
import { runStoreLimitsContract } from './run-store-limits.contract.js';
import { runStoreContract, type StoreUnderTest } from './run-store.contract.js';

async function create(): Promise<StoreUnderTest> {
  let passed = 0;
  return {
    store: new MemoryRunStore(() => Date.now() + passed),
    versionId: randomUUID(),
    passTime: async (ms) => void (passed += ms),
  };
}

runStoreContract('memory', create);
runStoreLimitsContract('memory', create);
