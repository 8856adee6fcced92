// DBOS Transact as a library: workflows of steps that do nothing.
import { DBOS } from '@dbos-inc/dbos-sdk';

const { serveParent, closedLoop, startParameters } = await import(process.argv[2]);
const { url, steps, poolSize } = startParameters();

DBOS.setConfig({
  name: 'bench',
  applicationVersion: '1',
  systemDatabaseUrl: url,
  systemDatabasePoolSize: poolSize,
  logLevel: 'error',
});

const chain = DBOS.registerWorkflow(
  async () => {
    for (let step = 1; step <= steps; step += 1) await DBOS.runStep(async () => null, { name: `step_${step}` });
  },
  { name: 'chain' },
);

await DBOS.launch();
serveParent(
  {},
  {
    async round(load) {
      /** @type {import('../lib/closed-loop.js').LoopResult} */
      const result = await closedLoop(load, chain);
      return result;
    },
  },
);
