import type { DescribedDialect } from '../kit/index.js';
import { MeshflowModule } from './meshflow.module.js';
import { meshProblem } from './problems.js';

export const MESHFLOW: DescribedDialect = {
  name: 'meshflow',
  title: 'MeshFlow API',
  version: '1.15.0',
  description:
    'The API of `meshflow serve`, as documented and as its SDKs use it: tasks, runs and their ledgers, approvals, events, keys, webhooks and a queue. WebSockets: `/ws/bus`, `/ws/run/{run_id}`.',
  module: MeshflowModule,
  anyOrigin: true,
  keyHeader: 'x-api-key',
  passesOverUnknownMembers: true,
  errorAnswer: meshProblem,
};
