import type { DescribedDialect } from '../kit/index.js';
import { FlowEngineModule } from './flowengine.module.js';
import { flowEngineProblem } from './problems.js';

export const FLOWENGINE: DescribedDialect = {
  name: 'flowengine',
  title: 'FlowEngine API',
  version: '0.1.0',
  description:
    'The API of FlowEngine: workflows of nodes with ports, executed while the caller waits. Events come over the WebSocket `/api/events`.',
  module: FlowEngineModule,
  anyOrigin: true,
  documents: { docs: 'api-docs', json: ['openapi.json', 'api-docs/openapi.json'] },
  errorAnswer: flowEngineProblem,
};
